import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { type Frame, seekTable } from './seek-table.ts';

const compress = promisify(zstdCompress);
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 9, [constants.ZSTD_c_checksumFlag]: 1 } };
/** Only for whoever runs Countersign. */
const MODE = 0o600;

/** Writes a file of Zstandard frames (RFC 8878), each of which can be read by itself; any `zstd` reads all of them as one. */
export class SeekableWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #frames: Frame[] = [];

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param path where no file is yet */
  static async create(path: string): Promise<SeekableWriter> {
    return new SeekableWriter(await open(path, 'wx', MODE));
  }

  async addFrame(text: string): Promise<void> {
    const content = Buffer.from(text);
    const frame = await compress(content, OPTIONS);
    this.#frames.push({ compressed: frame.length, content: content.length });
    await this.#write(frame);
  }

  /**
   * Writes the table of the frames, and sees to it that all of it survives a power cut.
   * @returns the file's SHA-256
   */
  async finish(): Promise<Buffer> {
    await this.#write(seekTable(this.#frames));
    await this.#file.sync();
    await this.#file.close();
    return this.#hash.digest();
  }

  /** Lets go of a file that will not be finished. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.appendFile(bytes);
  }
}
