import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { ArchiveDamaged, ArchiveUnavailable } from './errors.ts';
import { FOOTER_BYTES, type Frame, NoSeekTable, readSeekTable, tableBytes } from './seek-table.ts';

const decompress = promisify(zstdDecompress);

/** Reads single frames of a file that `SeekableWriter` wrote. */
export class SeekableReader {
  readonly #file: FileHandle;
  readonly #name: string;
  readonly #frames: readonly (Frame & { readonly offset: number })[];

  private constructor(file: FileHandle, name: string, frames: readonly Frame[]) {
    this.#file = file;
    this.#name = name;
    let offset = 0;
    this.#frames = frames.map((frame) => {
      const placed = { ...frame, offset };
      offset += frame.compressed;
      return placed;
    });
  }

  /** @throws ArchiveUnavailable where the file cannot be opened, ArchiveDamaged */
  static async open(path: string): Promise<SeekableReader> {
    const file = await open(path, 'r').catch((error: unknown) => {
      throw new ArchiveUnavailable({ cause: error });
    });
    try {
      return new SeekableReader(file, basename(path), await framesOf(file));
    } catch (error) {
      await file.close();
      throw error instanceof NoSeekTable ? new ArchiveDamaged(basename(path), 'does not end as it must') : error;
    }
  }

  /** How many frames there are. */
  get frames(): number {
    return this.#frames.length;
  }

  /** The text of a frame. @throws ArchiveDamaged */
  async frame(index: number): Promise<string> {
    const frame = this.#frames[index];
    if (!frame) throw new ArchiveDamaged(this.#name, `has no frame ${index}`);
    const content = await unpack(await readAt(this.#file, frame.offset, frame.compressed), frame.content);
    if (!content) throw new ArchiveDamaged(this.#name, `is damaged in frame ${index}`);
    return content.toString();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function framesOf(file: FileHandle): Promise<Frame[]> {
  const { size } = await file.stat();
  const footer = await readAt(file, size - FOOTER_BYTES, FOOTER_BYTES);
  const length = tableBytes(footer);
  const frames = readSeekTable(await readAt(file, size - length, length));
  const total = frames.reduce((sum, { compressed }) => sum + compressed, length);
  if (total !== size) throw new NoSeekTable('the seek table is not the one of this file');
  return frames;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  if (position < 0) throw new NoSeekTable('the file is too short');
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}

/** @returns null where it is no frame of this length: frames carry a checksum */
async function unpack(frame: Buffer, length: number): Promise<Buffer | null> {
  try {
    const content = await decompress(frame, { maxOutputLength: Math.max(1, length) });
    return content.length === length ? content : null;
  } catch {
    return null;
  }
}
