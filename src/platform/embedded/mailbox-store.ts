import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { hasSystemCode } from './errors.ts';
import { writeFileDurably } from './files.ts';

/** Milliseconds since 1970 and a random part: sorts by arrival, and can be nothing but a file name. */
const idPattern = /^\d{14}-[0-9a-f]{8}$/;
const SUFFIX = '.eml';
const ENVELOPE_LIMIT_BYTES = 65_536;

export interface Envelope {
  /** Empty for a bounce, which has no sender. */
  from: string;
  to: readonly string[];
}

/**
 * Messages as .eml files in one folder, the newest `limit` of them. The envelope is kept at their top as Return-Path
 * (RFC 5321, 4.4) and Delivered-To (RFC 9228), since the recipients in the text need not be those it was sent to.
 */
export class MailboxStore {
  readonly #folder: string;
  readonly #limit: number;
  readonly #ids: string[];
  readonly #recipients = new Map<string, readonly string[]>();
  #lastStamp: number;

  private constructor(folder: string, limit: number, ids: string[]) {
    this.#folder = folder;
    this.#limit = limit;
    this.#ids = ids;
    this.#lastStamp = stampOf(ids.at(-1) ?? '0');
  }

  /** Opens the folder, makes it when it is not there, and removes what a crash left half written. */
  static async open(folder: string, limit: number): Promise<MailboxStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = await readdir(folder);
    for (const name of names) {
      if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
    }
    const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
    return new MailboxStore(folder, limit, ids.filter((id) => idPattern.test(id)).toSorted());
  }

  /** Stores a message that arrived at `now` (ms since 1970); it is on disk when this returns. */
  async add(envelope: Envelope, message: Buffer, now: number): Promise<string> {
    // Two in one millisecond, or a clock that was set back, must not change the order of arrival.
    this.#lastStamp = Math.max(now, this.#lastStamp + 1);
    const id = `${String(this.#lastStamp).padStart(14, '0')}-${randomBytes(4).toString('hex')}`;
    await writeFileDurably(this.#path(id), Buffer.concat([Buffer.from(traceHeaders(envelope, now)), message]), 0o600);
    this.#ids.push(id);
    this.#ids.sort();
    await this.#removeOldest();
    return id;
  }

  /** All ids, newest first. */
  ids(): string[] {
    return this.#ids.toReversed();
  }

  /** The stored bytes, or null when there is no such message. Anything that is no id is no message either. */
  async read(id: string): Promise<Buffer | null> {
    if (!idPattern.test(id)) return null;
    try {
      return await readFile(this.#path(id));
    } catch (error) {
      if (hasSystemCode(error, 'ENOENT')) return null;
      throw error;
    }
  }

  /** The addresses the message was sent to, in lower case. */
  async recipients(id: string): Promise<readonly string[]> {
    let known = this.#recipients.get(id);
    if (known === undefined) {
      known = recipientsIn(await this.#readTop(id));
      this.#recipients.set(id, known);
    }
    return known;
  }

  async #readTop(id: string): Promise<string> {
    const file = await open(this.#path(id), 'r');
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(ENVELOPE_LIMIT_BYTES), position: 0 });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async #removeOldest(): Promise<void> {
    for (const id of this.#ids.splice(0, Math.max(0, this.#ids.length - this.#limit))) {
      this.#recipients.delete(id);
      await rm(this.#path(id), { force: true });
    }
  }

  #path(id: string): string {
    return join(this.#folder, `${id}${SUFFIX}`);
  }
}

/** When the message arrived, in milliseconds since 1970. */
export function stampOf(id: string): number {
  return Number(id.split('-')[0]);
}

/** Received comes last, so that a Delivered-To in the sender's own headers is not taken for ours. */
function traceHeaders(envelope: Envelope, now: number): string {
  const receivedAt = new Date(now).toUTCString().replace('GMT', '+0000');
  return [
    `Return-Path: <${envelope.from}>`,
    ...envelope.to.map((address) => `Delivered-To: ${address}`),
    `Received: by countersign-mailbox; ${receivedAt}`,
    '',
  ].join('\r\n');
}

function recipientsIn(top: string): string[] {
  const recipients: string[] = [];
  for (const line of top.split('\r\n').slice(1)) {
    const match = /^Delivered-To: (.*)$/.exec(line);
    if (match?.[1] === undefined) break;
    recipients.push(match[1].toLowerCase());
  }
  return recipients;
}
