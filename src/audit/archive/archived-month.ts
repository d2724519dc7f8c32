import { BLOCK_ENTRIES } from '../bundle/format.ts';
import type { ArchivedPart } from '../sealed-entries.ts';
import type { ArchiveFiles } from './archive-files.ts';
import type { ArchiveRow } from './archive-store.ts';
import { ArchiveDamaged } from './errors.ts';
import { SeekableReader } from './seekable-reader.ts';

/** One line of the file with the personal fields. */
export interface PersonalLine {
  readonly seq: number;
  /** Base64 of what was stored: sealed under the key of whom it tells about. */
  readonly sealed: string;
}

const ENTRY_LINE = '{"seq":';

/** The open files of an archived month. */
export class ArchivedMonth {
  readonly #row: ArchiveRow;
  readonly #bundle: SeekableReader;
  readonly #personal: SeekableReader;

  private constructor(row: ArchiveRow, bundle: SeekableReader, personal: SeekableReader) {
    this.#row = row;
    this.#bundle = bundle;
    this.#personal = personal;
  }

  /** @throws ArchiveUnavailable, ArchiveDamaged */
  static async open(files: ArchiveFiles, organization: string, row: ArchiveRow): Promise<ArchivedMonth> {
    const bundle = await SeekableReader.open(files.pathOf(organization, row.month, 'bundle', row.digest));
    try {
      return new ArchivedMonth(
        row,
        bundle,
        await SeekableReader.open(files.pathOf(organization, row.month, 'personal', row.personalDigest)),
      );
    } catch (error) {
      await bundle.close();
      throw error;
    }
  }

  /** Frames that hold entries; the bundle has one more, with its end. */
  get blocks(): number {
    return this.#personal.frames;
  }

  /** The block that an entry is in: blocks end where tiles of the log do. */
  blockOf(seq: number): number {
    return Math.floor(seq / BLOCK_ENTRIES) - Math.floor(this.#row.range.start / BLOCK_ENTRIES);
  }

  /** The entries of a block, in their order. @throws ArchiveDamaged */
  async block(index: number): Promise<ArchivedPart[]> {
    const [bundle, personal] = await Promise.all([this.#bundle.frame(index), this.#personal.frame(index)]);
    const sealed = new Map(
      linesOf<PersonalLine>(personal, () => true, this.#row).map((line) => [
        line.seq,
        Buffer.from(line.sealed, 'base64'),
      ]),
    );
    return linesOf<{ seq: number; leaf: string }>(bundle, (line) => line.startsWith(ENTRY_LINE), this.#row).map(
      ({ seq, leaf }) => ({ seq, leaf, sealed: sealed.get(seq) ?? null }),
    );
  }

  /** All of the bundle, frame by frame. @throws ArchiveDamaged */
  async *text(): AsyncGenerator<Buffer> {
    for (let index = 0; index < this.#bundle.frames; index += 1) yield Buffer.from(await this.#bundle.frame(index));
  }

  async close(): Promise<void> {
    await Promise.all([this.#bundle.close(), this.#personal.close()]);
  }
}

function linesOf<Line>(text: string, isWanted: (line: string) => boolean, { month }: ArchiveRow): Line[] {
  try {
    return text.split('\n').flatMap((line) => (line !== '' && isWanted(line) ? [JSON.parse(line) as Line] : []));
  } catch {
    throw new ArchiveDamaged(month, 'holds a line that is none');
  }
}
