import type { Run } from '../../platform/database/bare.ts';
import { edgeTiles, type TileId } from '../rules/tiles.ts';
import type { Appended, Tile } from '../tree/tiles.ts';

/** The committed head of a log, and what signs it. */
export interface LogHead {
  readonly organization: string;
  readonly size: number;
  readonly root: Buffer;
  readonly signingKey: Buffer;
}

/** An entry that is to be sealed. */
export interface TakenEntry {
  readonly id: string;
  readonly at: Date;
  readonly leaf: string;
  /** Milliseconds since it was written, when it was taken. */
  readonly waitedMs: number;
}

/** bigint columns come as text. */
interface LogRow {
  readonly organization_id: string;
  readonly size: string;
  readonly root: Buffer;
  readonly signing_key: Buffer;
}

const HEAD = 'organization_id, size, root, signing_key';

/**
 * Locks the head of a log until the transaction ends: whoever else wants to seal it waits here.
 * @returns null where the log does not exist yet
 */
export async function lockHead(run: Run, organization: string): Promise<LogHead | null> {
  const [row] = await run<LogRow>(`select ${HEAD} from countersign.audit_logs where organization_id = $1 for update`, [
    organization,
  ]);
  return row ? headOf(row) : null;
}

/** Makes an empty log, where nobody else does at the same moment. */
export async function makeLog(
  run: Run,
  log: { organization: string; root: Uint8Array; verifierKey: string; signingKey: Buffer; at: Date },
): Promise<void> {
  await run(
    `insert into countersign.audit_logs (organization_id, size, root, verifier_key, signing_key, created_at) values ($1, 0, $2, $3, $4, $5) on conflict do nothing`,
    [log.organization, log.root, log.verifierKey, log.signingKey, log.at],
  );
}

/**
 * Takes entries out of the queue, oldest first. A queued entry that is not there (it was removed past the triggers) or is
 * sealed already (it was queued by hand) stays queued, which the operator is told of, and holds up no other. `offset 0` keeps each entry looked up by its key in its own partition, whatever the
 * planner thinks of the queue's length.
 */
const TAKE = `
  with taken as materialized (
    select queued.at, queued.entry_id, queued.queued_at, entry.leaf
    from countersign.audit_pending queued
    cross join lateral (select leaf from countersign.audit_entries e where e.id = queued.entry_id and e.at = queued.at offset 0) entry
    where queued.organization_id = $1 and not exists (select from countersign.audit_leaves l where l.organization_id = $1 and l.entry_id = queued.entry_id)
    order by queued.at, queued.entry_id limit $2
  ), removed as (
    delete from countersign.audit_pending p using taken where p.organization_id = $1 and p.at = taken.at and p.entry_id = taken.entry_id
  )
  select entry_id as id, at, leaf, extract(epoch from clock_timestamp() - queued_at)::float8 * 1000 as "waitedMs" from taken order by at, entry_id`;

export function takeQueued(run: Run, organization: string, most: number): Promise<TakenEntry[]> {
  return run<TakenEntry>(TAKE, [organization, most]);
}

/** The partial tiles at the right edge of a tree, lowest first. */
export async function readEdge(run: Run, organization: string, size: number): Promise<Tile[]> {
  return readTiles(run, organization, edgeTiles(size));
}

/** Those of the tiles that are there, lowest first. */
export async function readTiles(run: Run, organization: string, wanted: readonly TileId[]): Promise<Tile[]> {
  if (wanted.length === 0) return [];
  const rows = await run<{ level: number; tile_index: string; hashes: Buffer }>(
    `select level, tile_index, hashes from countersign.audit_tiles join unnest($2::smallint[], $3::bigint[]) as wanted (level, tile_index) using (level, tile_index)
     where organization_id = $1 order by level, tile_index`,
    [organization, wanted.map(({ level }) => level), wanted.map(({ index }) => index)],
  );
  return rows.map((row) => ({ level: row.level, index: Number(row.tile_index), hashes: row.hashes }));
}

/** Everything that an appended batch changes, in one statement. */
const APPEND = `
  with leaves as (
    insert into countersign.audit_leaves (organization_id, leaf_index, entry_id, at, leaf_hash)
    select $1, $2::bigint + position - 1, entry_id, at, hash
    from unnest($3::uuid[], $4::timestamptz[], $5::bytea[]) with ordinality as leaf (entry_id, at, hash, position)
  ), tiles as (
    insert into countersign.audit_tiles (organization_id, level, tile_index, hashes)
    select $1, level, tile_index, hashes from unnest($6::smallint[], $7::bigint[], $8::bytea[]) as tile (level, tile_index, hashes)
    on conflict (organization_id, level, tile_index) do update set hashes = excluded.hashes
  )
  update countersign.audit_logs set size = $9, root = $10, sealed_at = $11 where organization_id = $1`;

/** Stores a grown tree. The caller holds the lock of its head. */
export async function storeAppended(
  run: Run,
  head: LogHead,
  entries: readonly TakenEntry[],
  hashes: readonly Uint8Array[],
  grown: Appended,
  at: Date,
): Promise<void> {
  const { changed, size, root } = grown;
  await run(APPEND, [
    head.organization,
    head.size,
    entries.map(({ id }) => id),
    entries.map((entry) => entry.at),
    hashes,
    changed.map(({ level }) => level),
    changed.map(({ index }) => index),
    changed.map((tile) => tile.hashes),
    size,
    root,
    at,
  ]);
}

/** A checkpoint as it is stored: whoever reads it has still to check its signature. */
export interface StoredCheckpoint {
  readonly size: number;
  readonly note: string;
}

/** The checkpoint of the largest size that was signed; null where none was. */
export async function latestSigned(run: Run, organization: string): Promise<StoredCheckpoint | null> {
  const [row] = await run<{ size: string; note: string }>(
    'select tree_size as size, note from countersign.audit_checkpoints where organization_id = $1 order by tree_size desc limit 1',
    [organization],
  );
  return row ? { size: Number(row.size), note: row.note } : null;
}

/** A signed checkpoint, and the one that it follows. */
interface NewCheckpoint {
  readonly organization: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly at: Date;
  readonly note: string;
  readonly previous: number;
  readonly link: Uint8Array;
}

/** Keeps a signed checkpoint. The caller holds the lock of the log's head: no other comes in between. */
export async function storeCheckpoint(run: Run, checkpoint: NewCheckpoint): Promise<void> {
  const { organization, size, root, at, note, previous, link } = checkpoint;
  await run(
    'insert into countersign.audit_checkpoints (organization_id, tree_size, root, at, note, previous_size, link) values ($1, $2, $3, $4, $5, $6, $7)',
    [organization, size, root, at, note, previous, link],
  );
}

/** An organization's shard: the last 28 bits of its id, modulo. The end of a UUID of version 7 is random. */
const IN_SHARD = `('x' || right(organization_id::text, 7))::bit(28)::int % $2 = $1`;

export interface Shard {
  /** From 0. */
  readonly index: number;
  /** Of how many. */
  readonly of: number;
}

/** From one organization to the next one in the queue's index, however many entries of each are queued. */
const QUEUED_ORGANIZATIONS = `
  with recursive queued as (
    (select organization_id from countersign.audit_pending order by organization_id limit 1)
    union all
    select (select p.organization_id from countersign.audit_pending p where p.organization_id > queued.organization_id order by p.organization_id limit 1)
    from queued where queued.organization_id is not null
  )
  select organization_id as id from queued where organization_id is not null and ${IN_SHARD}`;

/** The organizations of a shard that have entries to seal. */
export async function organizationsQueued(run: Run, shard: Shard): Promise<string[]> {
  return (await run<{ id: string }>(QUEUED_ORGANIZATIONS, [shard.index, shard.of])).map(({ id }) => id);
}

/** Heads that were committed and not signed: whoever sealed them died in between. */
export async function unsignedHeads(run: Run, shard: Shard): Promise<LogHead[]> {
  const rows = await run<LogRow>(
    `select ${HEAD} from countersign.audit_logs where size > 0 and ${IN_SHARD}
     and not exists (select from countersign.audit_checkpoints c where c.organization_id = audit_logs.organization_id and c.tree_size = audit_logs.size)`,
    [shard.index, shard.of],
  );
  return rows.map(headOf);
}

function headOf(row: LogRow): LogHead {
  return { organization: row.organization_id, size: Number(row.size), root: row.root, signingKey: row.signing_key };
}
