import type { EntityManager } from '@mikro-orm/postgresql';
import type { Archive, ArchivedPart } from '../sealed-entries.ts';
import { ArchiveFiles } from './archive-files.ts';
import { type ArchiveRow, archivesOf } from './archive-store.ts';
import { ArchivedMonth } from './archived-month.ts';
import { ArchiveUnavailable } from './errors.ts';

/** @param folder of the archive (`AUDIT_ARCHIVE_DIR`); null: there is none */
export function archiveAt(folder: string | null): Archive {
  return new ArchivedEntries(folder === null ? null : new ArchiveFiles(folder));
}

/** Reads entries out of the files of archives. */
export class ArchivedEntries implements Archive {
  readonly #files: ArchiveFiles | null;

  /** @param files null: this process has no archive */
  constructor(files: ArchiveFiles | null) {
    this.#files = files;
  }

  async read(
    em: EntityManager,
    organization: string,
    seqs: readonly number[],
  ): Promise<ReadonlyMap<number, ArchivedPart>> {
    const [first, last] = [seqs[0], seqs.at(-1)];
    if (first === undefined || last === undefined) return new Map();
    const rows = await archivesOf(em, organization, { start: first, end: last + 1 });
    const parts = new Map<number, ArchivedPart>();
    for (const [row, wanted] of Map.groupBy(seqs, (seq) =>
      rows.find(({ range }) => seq >= range.start && seq < range.end),
    )) {
      if (row) for (const part of await this.#readMonth(organization, row, new Set(wanted))) parts.set(part.seq, part);
    }
    return parts;
  }

  async #readMonth(organization: string, row: ArchiveRow, seqs: ReadonlySet<number>): Promise<ArchivedPart[]> {
    if (!this.#files) throw new ArchiveUnavailable();
    const month = await ArchivedMonth.open(this.#files, organization, row);
    try {
      const found: ArchivedPart[] = [];
      for (const block of new Set([...seqs].map((seq) => month.blockOf(seq))))
        found.push(...(await month.block(block)).filter(({ seq }) => seqs.has(seq)));
      return found;
    } finally {
      await month.close();
    }
  }
}
