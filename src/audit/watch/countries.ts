import { readFile, stat } from 'node:fs/promises';
import ipaddr from 'ipaddr.js';
import { type CountryResponse, Reader } from 'mmdb-lib';
import type { Logger } from 'pino';
import { InvalidConfiguration } from '../../config.ts';

/** Which country an address is used in. */
export interface Countries {
  /** @returns such as `DE` (ISO 3166-1 alpha-2); null where that is not known, or the text is no address */
  of(address: string): string | null;
  /** To be called now and then: takes over what has become of the source meanwhile. */
  refresh(): Promise<void>;
}

/** Where the operator names no file: nothing is known of any country. */
export const NO_COUNTRIES: Countries = { of: () => null, refresh: async () => undefined };

/** What the files in use say: MaxMind’s and DB-IP’s the former, those of ip-location-db the latter. */
type CountryRecord = CountryResponse & { readonly country_code?: string };

/**
 * A file of addresses and their countries in the MaxMind DB format (version 2.0), which the operator keeps up to date: a new
 * one that takes its place is read within moments.
 */
export class CountryFile implements Countries {
  readonly #path: string;
  readonly #logger: Logger;
  #reader: Reader<CountryRecord>;
  /** What tells one file from the next one of the same name. */
  #version: string;

  private constructor(parts: { path: string; logger: Logger; reader: Reader<CountryRecord>; version: string }) {
    this.#path = parts.path;
    this.#logger = parts.logger;
    this.#reader = parts.reader;
    this.#version = parts.version;
  }

  /** @throws InvalidConfiguration where there is no such file, or it is another one */
  static async open(path: string, logger: Logger): Promise<CountryFile> {
    try {
      return new CountryFile({ path, logger, version: await versionOf(path), reader: await readerOf(path) });
    } catch (error) {
      throw new InvalidConfiguration(
        'AUDIT_COUNTRY_FILE: must be a file in the MaxMind DB format (.mmdb) that names countries, readable for this process',
        { cause: error },
      );
    }
  }

  of(address: string): string | null {
    const record = lookUp(this.#reader, address);
    const code = record?.country?.iso_code ?? record?.country_code;
    return code !== undefined && /^[A-Z]{2}$/.test(code) ? code : null;
  }

  /** A file that cannot be read is not taken over: what was known stays. */
  async refresh(): Promise<void> {
    try {
      const version = await versionOf(this.#path);
      if (version === this.#version) return;
      this.#version = version;
      this.#reader = await readerOf(this.#path);
    } catch (error) {
      this.#logger.warn({ err: error }, 'AUDIT_COUNTRY_FILE cannot be read any more; countries are as it said before');
    }
  }
}

async function readerOf(path: string): Promise<Reader<CountryRecord>> {
  const reader = new Reader<CountryRecord>(await readFile(path));
  // What is cut short is noticed where it is looked into.
  reader.get('192.0.2.1');
  return reader;
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  return `${ino} ${size} ${mtimeMs}`;
}

/** An address in a file of IPv4 only, or one that is none, is not in it. */
function lookUp(reader: Reader<CountryRecord>, address: string): CountryRecord | null {
  try {
    // IPv4 that IPv6 carries is looked up as what it is.
    return reader.get(ipaddr.process(address.replace(/%.*$/, '')).toString());
  } catch {
    return null;
  }
}
