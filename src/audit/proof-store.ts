import type { EntityManager } from '@mikro-orm/postgresql';
import type { LeafRange } from './rules/nodes.ts';
import type { TileId } from './rules/tiles.ts';
import type { TileReader } from './tree/tiles.ts';

/** Where an entry stands, and what was hashed. */
export interface ProvenEntry {
  readonly seq: number;
  readonly entry: string;
  readonly leafHash: Buffer;
  /** The text that was hashed; null where the entry was archived. */
  readonly leaf: string | null;
}

/** A signed head of the log. */
export interface Checkpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly at: Date;
  /** C2SP signed note. */
  readonly note: string;
}

/** An entry by its place in the log, or by its id. */
export type EntryRef = { readonly seq: number } | { readonly entry: string };

interface LeafRow {
  readonly leaf_index: string;
  readonly entry_id: string;
  readonly leaf_hash: Buffer;
  readonly leaf: string | null;
}

interface CheckpointRow {
  readonly tree_size: string;
  readonly root: Buffer;
  readonly at: string;
  readonly note: string;
}

export async function findLeaf(em: EntityManager, organization: string, ref: EntryRef): Promise<ProvenEntry | null> {
  const [condition, value] = 'seq' in ref ? ['leaf_index = ?', ref.seq] : ['entry_id = ?', ref.entry];
  const [row] = await em.execute<LeafRow[]>(
    `select l.leaf_index, l.entry_id, l.leaf_hash, e.leaf from countersign.audit_leaves l
     left join countersign.audit_entries e on e.id = l.entry_id and e.at = l.at
     where l.organization_id = ? and l.${condition}`,
    [organization, value],
  );
  return row ? { seq: Number(row.leaf_index), entry: row.entry_id, leafHash: row.leaf_hash, leaf: row.leaf } : null;
}

/** Whether the entry is queued for sealing. */
export async function isQueued(em: EntityManager, organization: string, entry: string): Promise<boolean> {
  return (
    (
      await em.execute('select from countersign.audit_pending where organization_id = ? and entry_id = ?', [
        organization,
        entry,
      ])
    ).length > 0
  );
}

/** @param size of the tree; null: the latest one */
export async function findCheckpoint(
  em: EntityManager,
  organization: string,
  size: number | null,
): Promise<Checkpoint | null> {
  const [row] = await em.execute<CheckpointRow[]>(
    `select tree_size, root, at, note from countersign.audit_checkpoints
     where organization_id = ? ${size === null ? '' : 'and tree_size = ?'} order by tree_size desc limit 1`,
    size === null ? [organization] : [organization, size],
  );
  return row ? checkpointOf(row) : null;
}

/**
 * The leaves of a time, found by the summary of their moments, with the entries that were sealed late. `offset 0` keeps the
 * planner from going through the log from its ends instead, until it comes to an entry of that time.
 */
export const EDGES = `
  select min(leaf_index) as first, max(leaf_index) as last from (
    select leaf_index from countersign.audit_leaves where organization_id = ? and at >= ? and at < ? offset 0) found`;

const WEEK_MS = 7 * 86_400_000;
const PARTS_AT_MOST = 256;

/**
 * The shortest stretch of leaves that holds every sealed entry from one moment up to, and without, another; null where there
 * is none. Looked for week by week, so that no statement takes long, however long the time and the log are.
 */
export async function leavesBetween(
  em: EntityManager,
  organization: string,
  from: Date,
  to: Date,
): Promise<LeafRange | null> {
  const width = Math.max(WEEK_MS, Math.ceil((to.getTime() - from.getTime()) / PARTS_AT_MOST));
  let [first, past] = [Infinity, 0];
  for (let start = from.getTime(); start < to.getTime(); start += width) {
    const end = Math.min(start + width, to.getTime());
    const [row] = await em.execute<{ first: string | null; last: string | null }[]>(EDGES, [
      organization,
      new Date(start).toISOString(),
      new Date(end).toISOString(),
    ]);
    if (row?.first == null || row.last === null) continue;
    first = Math.min(first, Number(row.first));
    past = Math.max(past, Number(row.last) + 1);
  }
  return past === 0 ? null : { start: first, end: past };
}

/** How many entries of the log are sealed. */
export async function logSize(em: EntityManager, organization: string): Promise<number> {
  const [row] = await em.execute<{ size: string }[]>(
    'select size from countersign.audit_logs where organization_id = ?',
    [organization],
  );
  return Number(row?.size ?? 0);
}

/** The C2SP verifier key of the log; null where nothing was sealed yet. */
export async function findVerifierKey(em: EntityManager, organization: string): Promise<string | null> {
  const [row] = await em.execute<{ verifier_key: string }[]>(
    'select verifier_key from countersign.audit_logs where organization_id = ?',
    [organization],
  );
  return row?.verifier_key ?? null;
}

/** The hashes of tiles by `level/index`, in one query; one that is missing is not in it. */
export async function readTiles(
  em: EntityManager,
  organization: string,
  tiles: readonly TileId[],
): Promise<Map<string, Buffer>> {
  if (tiles.length === 0) return new Map();
  const rows = await em.execute<{ level: number; tile_index: string; hashes: Buffer }[]>(
    `select level, tile_index, hashes from countersign.audit_tiles
     join json_to_recordset(?::json) as wanted (level smallint, tile_index bigint) using (level, tile_index) where organization_id = ?`,
    [JSON.stringify(tiles.map(({ level, index }) => ({ level, tile_index: index }))), organization],
  );
  return new Map(rows.map((row) => [`${row.level}/${row.tile_index}`, row.hashes]));
}

/** Reads whole tiles. */
export function tileReader(em: EntityManager, organization: string): TileReader {
  return async (tiles) => {
    const found = await readTiles(em, organization, tiles);
    // A tile that is missing is as good as one without hashes: whoever reads nodes out of it says so.
    return tiles.map(({ level, index }) => found.get(`${level}/${index}`) ?? new Uint8Array());
  };
}

function checkpointOf(row: CheckpointRow): Checkpoint {
  return { size: Number(row.tree_size), root: row.root, at: new Date(row.at), note: row.note };
}
