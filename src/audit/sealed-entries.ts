import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../platform/database/sql-arrays.ts';
import { leafTextHash } from './leaf.ts';
import type { LeafRange } from './rules/nodes.ts';

/** An entry with its place in the log. */
export interface SealedEntry {
  /** The index of its leaf. */
  readonly seq: number;
  readonly id: string;
  readonly at: Date;
  /** The text that is hashed into the tree. */
  readonly leaf: string;
  /** As the tree holds it. */
  readonly leafHash: Buffer;
  /** The personal fields, under the key of whom they tell about; null where there are none. */
  readonly sealed: Buffer | null;
}

/** What an archive gives back of an entry; the rest never leaves the database. */
export type ArchivedPart = Pick<SealedEntry, 'seq' | 'leaf' | 'sealed'>;

/** Where entries are that are in the database no more. */
export interface Archive {
  /**
   * @param seqs in ascending order
   * @throws ArchiveUnavailable, ArchiveDamaged
   */
  read(em: EntityManager, organization: string, seqs: readonly number[]): Promise<ReadonlyMap<number, ArchivedPart>>;
}

/** An entry has a leaf, and is neither in the database nor in an archive: somebody removed it past all of us. */
export class EntryMissing extends Error {
  readonly code = 'entry-missing';
  readonly seq: number;
  constructor(seq: number) {
    super(`entry ${seq} is neither in the database nor in an archive; restore it from a backup`);
    this.seq = seq;
  }
}

/** An archived entry is not the one that was sealed. */
export class ArchivedEntryAltered extends Error {
  readonly code = 'archive-damaged';
  readonly seq: number;
  constructor(seq: number) {
    super(`entry ${seq} was altered in the archive; restore its file from a backup`);
    this.seq = seq;
  }
}

interface Row {
  readonly seq: string;
  readonly id: string;
  readonly at: Date | string;
  readonly leaf_hash: Buffer;
  readonly leaf: string | null;
  readonly sealed: Buffer | null;
}

/** `offset 0` keeps each entry looked up by its key in its own partition. */
const READ = (which: string) => `
  select l.leaf_index as seq, l.entry_id as id, l.at, l.leaf_hash, entry.leaf, entry.sealed
  from countersign.audit_leaves l
  left join lateral (select e.leaf, e.sealed from countersign.audit_entries e where e.id = l.entry_id and e.at = l.at offset 0) entry on true
  where l.organization_id = ? and ${which} order by l.leaf_index`;

/** Reads entries of a log by their place in it, wherever they are kept by now. */
export class SealedEntries {
  readonly #archive: Archive;

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /**
   * The entries of a stretch of the log, as far as it is sealed.
   * @param em bound to the organization
   * @throws ArchiveUnavailable, ArchiveDamaged, ArchivedEntryAltered, EntryMissing
   */
  async read(em: EntityManager, organization: string, range: LeafRange): Promise<SealedEntry[]> {
    return this.#complete(em, organization, await this.#rows(em, organization, range));
  }

  /**
   * As `read`, without those that nobody has any more, or that are not what was sealed: for whoever must not be kept from
   * the rest by them.
   * @param em bound to the organization
   * @throws ArchiveUnavailable, ArchiveDamaged
   */
  async readReadable(em: EntityManager, organization: string, range: LeafRange): Promise<SealedEntry[]> {
    const rows = await this.#rows(em, organization, range);
    const archived = await this.#archived(em, organization, rows);
    return rows.flatMap((row) => {
      const read = entryOf(row, archived);
      return read instanceof Error ? [] : [read];
    });
  }

  /**
   * Single entries, in the order of the log. A place where there is none is passed over.
   * @param em bound to the organization
   * @throws ArchiveUnavailable, ArchiveDamaged, ArchivedEntryAltered, EntryMissing
   */
  async pick(em: EntityManager, organization: string, seqs: readonly number[]): Promise<SealedEntry[]> {
    return this.#complete(
      em,
      organization,
      await em.execute<Row[]>(READ('l.leaf_index = any(?::bigint[])'), [organization, plainArray(seqs)]),
    );
  }

  #rows(em: EntityManager, organization: string, { start, end }: LeafRange): Promise<Row[]> {
    return em.execute<Row[]>(READ('l.leaf_index >= ? and l.leaf_index < ?'), [organization, start, end]);
  }

  async #complete(em: EntityManager, organization: string, rows: readonly Row[]): Promise<SealedEntry[]> {
    const archived = await this.#archived(em, organization, rows);
    return rows.map((row) => {
      const read = entryOf(row, archived);
      if (read instanceof Error) throw read;
      return read;
    });
  }

  async #archived(
    em: EntityManager,
    organization: string,
    rows: readonly Row[],
  ): Promise<ReadonlyMap<number, ArchivedPart>> {
    const absent = rows.filter((row) => row.leaf === null).map((row) => Number(row.seq));
    return absent.length === 0 ? new Map() : this.#archive.read(em, organization, absent);
  }
}

/** @returns what is wrong with it, where there is no such entry */
function entryOf(
  row: Row,
  archived: ReadonlyMap<number, ArchivedPart>,
): SealedEntry | EntryMissing | ArchivedEntryAltered {
  const seq = Number(row.seq);
  const part = row.leaf === null ? archived.get(seq) : { leaf: row.leaf, sealed: row.sealed };
  if (!part) return new EntryMissing(seq);
  // What comes out of a file is believed because it is what was sealed.
  if (row.leaf === null && !row.leaf_hash.equals(leafTextHash(part.leaf))) return new ArchivedEntryAltered(seq);
  return { seq, id: row.id, at: new Date(row.at), leafHash: row.leaf_hash, leaf: part.leaf, sealed: part.sealed };
}
