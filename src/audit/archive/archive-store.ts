import type { EntityManager } from '@mikro-orm/postgresql';
import type { BareDatabase, Run } from '../../platform/database/bare.ts';
import { newId } from '../../platform/ids.ts';
import type { LeafRange } from '../rules/nodes.ts';
import { type Month, parseMonth } from './month.ts';

/** A month of an organization's log in a file. */
export interface ArchiveRow {
  readonly id: string;
  readonly month: string;
  readonly range: LeafRange;
  readonly treeSize: number;
  /** How many entries of this month. */
  readonly entries: number;
  readonly digest: Buffer;
  readonly personalDigest: Buffer;
}

interface Row {
  readonly id: string;
  readonly month: string;
  readonly first_index: string;
  readonly end_index: string;
  readonly tree_size: string;
  readonly entries: number;
  readonly digest: Buffer;
  readonly personal_digest: Buffer;
}

const COLUMNS = 'id, month, first_index, end_index, tree_size, entries, digest, personal_digest';

/** @returns null where the month is not archived */
export async function findArchive(em: EntityManager, organization: string, month: string): Promise<ArchiveRow | null> {
  const [row] = await em.execute<Row[]>(
    `select ${COLUMNS} from countersign.audit_archives where organization_id = ? and month = ?`,
    [organization, month],
  );
  return row ? archiveOf(row) : null;
}

/** Archives that hold entries of a stretch of the log; months overlap by a few entries at their ends. */
export async function archivesOf(
  em: EntityManager,
  organization: string,
  { start, end }: LeafRange,
): Promise<ArchiveRow[]> {
  const rows = await em.execute<Row[]>(
    `select ${COLUMNS} from countersign.audit_archives where organization_id = ? and first_index < ? and end_index > ? order by first_index`,
    [organization, end, start],
  );
  return rows.map(archiveOf);
}

/**
 * The archives whose months are in the database no more, newest first. What was written for such a month later is in the
 * database, and says nothing of the rest.
 */
export async function droppedArchives(
  em: EntityManager,
  organization: string,
): Promise<(ArchiveRow & { readonly period: Month })[]> {
  const rows = await em.execute<Row[]>(
    `select ${COLUMNS} from countersign.audit_archives
     where organization_id = ? and to_regclass('countersign.audit_entries_' || replace(month, '-', '_')) is null order by month desc`,
    [organization],
  );
  return rows.map((row) => ({ ...archiveOf(row), period: parseMonth(row.month)! }));
}

export async function addArchive(
  em: EntityManager,
  organization: string,
  archive: Omit<ArchiveRow, 'id'>,
  at: Date,
): Promise<string> {
  const id = newId(at);
  const { month, range, treeSize, entries, digest, personalDigest } = archive;
  await em.execute(
    `insert into countersign.audit_archives (id, organization_id, month, first_index, end_index, tree_size, entries, digest, personal_digest, archived_at)
     values (?, ?, ?, ?, ?, ?, ?, decode(?, 'hex'), decode(?, 'hex'), ?)`,
    [
      id,
      organization,
      month,
      range.start,
      range.end,
      treeSize,
      entries,
      digest.toString('hex'),
      Buffer.from(personalDigest).toString('hex'),
      at.toISOString(),
    ],
    'run',
  );
  return id;
}

/** The months that have a partition of their own, oldest first. @param run as `countersign_sealer` */
export async function monthsKept(run: Run): Promise<Month[]> {
  const rows = await run<{ name: string }>(
    `select replace(substr(c.relname, length('audit_entries_') + 1), '_', '-') as name from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'countersign.audit_entries'::regclass order by 1`,
  );
  return rows.flatMap(({ name }) => parseMonth(name) ?? []);
}

/** Months of which there are entries that had no partition to go to, and how many. */
export function strayMonths(database: BareDatabase): Promise<{ month: string; entries: string }[]> {
  return database.query('select month, entries from countersign.stray_audit_months()');
}

/** The organizations that have entries of a month in the database. @param run as `countersign_sealer` */
export async function organizationsIn(run: Run, { start, end }: Month): Promise<string[]> {
  const rows = await run<{ id: string }>(
    'select distinct organization_id as id from countersign.audit_entries where at >= $1 and at < $2 order by 1',
    [start, end],
  );
  return rows.map(({ id }) => id);
}

/** How many entries of a month an organization has in the database. */
export async function countEntries(em: EntityManager, organization: string, { start, end }: Month): Promise<number> {
  const [row] = await em.execute<{ n: string }[]>(
    'select count(*) as n from countersign.audit_entries where organization_id = ? and at >= ? and at < ?',
    [organization, start.toISOString(), end.toISOString()],
  );
  return Number(row?.n ?? 0);
}

function archiveOf(row: Row): ArchiveRow {
  const { id, month, entries, digest } = row;
  return {
    id,
    month,
    entries,
    digest,
    range: { start: Number(row.first_index), end: Number(row.end_index) },
    treeSize: Number(row.tree_size),
    personalDigest: row.personal_digest,
  };
}
