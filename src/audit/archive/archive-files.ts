import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ArchiveUnavailable } from './errors.ts';

/** The two files of an organization's month: the bundle, and the personal fields as they were stored. */
export type ArchivePart = 'bundle' | 'personal';

/** Only for whoever runs Countersign. */
const FOLDER_MODE = 0o700;
const DIGITS_OF_DIGEST = 32;

/** Where files of archives are: `<organization>/<month>-<first half of its SHA-256>.<part>.zst`. A name never gets another content. */
export class ArchiveFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  pathOf(organization: string, month: string, part: ArchivePart, digest: Uint8Array): string {
    return join(this.#folder, organization, nameOf(month, part, digest));
  }

  /** A path for a file that is being written. */
  async draft(organization: string, month: string): Promise<string> {
    const folder = join(this.#folder, organization);
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return join(folder, `.${month}.${randomUUID()}`);
  }

  /** Gives a written file its name, so that a power cut does not take it back. @returns its path */
  async publish(
    draft: string,
    organization: string,
    month: string,
    part: ArchivePart,
    digest: Uint8Array,
  ): Promise<string> {
    const path = this.pathOf(organization, month, part, digest);
    await rename(draft, path);
    const folder = await open(join(this.#folder, organization), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return path;
  }

  /** Takes away what attempts that were killed have left of a month. @param keep the files that are recorded */
  async tidy(organization: string, month: string, keep: readonly string[]): Promise<void> {
    const folder = join(this.#folder, organization);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if ((name.startsWith(`${month}-`) || name.startsWith(`.${month}.`)) && !keep.includes(path))
        await rm(path, { force: true });
    }
  }
}

/**
 * SHA-256 of a file as it is on disk.
 * @throws ArchiveUnavailable where it cannot be read
 */
export async function digestOfFile(path: string, signal: AbortSignal): Promise<Buffer> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1_048_576 }), hash, { signal });
  } catch (error) {
    throw signal.aborted ? error : new ArchiveUnavailable({ cause: error });
  }
  return hash.digest();
}

function nameOf(month: string, part: ArchivePart, digest: Uint8Array): string {
  return `${month}-${Buffer.from(digest).toString('hex').slice(0, DIGITS_OF_DIGEST)}.${part}.zst`;
}
