import type { EntityManager } from '@mikro-orm/postgresql';
import type { LeafRange } from '../rules/nodes.ts';

/** The head of a log, as far as the application sees it. */
export interface Head {
  readonly size: number;
  readonly root: Buffer;
  readonly verifierKey: string;
}

/** A leaf and its entry, column by column: whoever checks believes none of them. */
export interface CheckedRow {
  readonly seq: string;
  readonly leaf_entry: string;
  readonly leaf_at: string;
  readonly leaf_hash: Buffer;
  /** Null where the entry is not in the database. */
  readonly leaf: string | null;
  readonly sealed: Buffer | null;
  readonly organization_id: string | null;
  readonly action: string | null;
  readonly actor_type: string | null;
  readonly actor_id: string | null;
  readonly actor_key: string | null;
  readonly resource_type: string | null;
  readonly resource_id: string | null;
  readonly team_id: string | null;
  readonly outcome: string | null;
}

export interface CheckedCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
  /** The size of the one before. */
  readonly previous: number;
  readonly link: Buffer;
}

export interface CheckedCosignature {
  readonly size: string;
  readonly verifier_key: string;
  readonly line: string;
}

const ROWS = `
  select l.leaf_index as seq, l.entry_id as leaf_entry, l.at as leaf_at, l.leaf_hash, e.*
  from countersign.audit_leaves l
  left join lateral (
    select e.leaf, e.sealed, e.organization_id, e.action, e.actor_type, e.actor_id, e.actor_key, e.resource_type, e.resource_id, e.team_id, e.outcome
    from countersign.audit_entries e where e.id = l.entry_id and e.at = l.at offset 0
  ) e on true
  where l.organization_id = ? and l.leaf_index >= ? and l.leaf_index < ? order by l.leaf_index`;

/** @returns null where nothing of the log was ever sealed */
export async function readHead(em: EntityManager, organization: string): Promise<Head | null> {
  const [row] = await em.execute<{ size: string; root: Buffer; verifier_key: string }[]>(
    'select size, root, verifier_key from countersign.audit_logs where organization_id = ?',
    [organization],
  );
  return row ? { size: Number(row.size), root: row.root, verifierKey: row.verifier_key } : null;
}

/** Whether there is such an organization, whatever became of its log. */
export async function hasOrganization(em: EntityManager, organization: string): Promise<boolean> {
  return (await em.execute('select from countersign.organizations where id = ?', [organization])).length > 0;
}

export function readRows(em: EntityManager, organization: string, { start, end }: LeafRange): Promise<CheckedRow[]> {
  return em.execute<CheckedRow[]>(ROWS, [organization, start, end]);
}

/** Checkpoints of sizes after `start`, up to `end`. */
export async function readCheckpoints(
  em: EntityManager,
  organization: string,
  { start, end }: LeafRange,
): Promise<CheckedCheckpoint[]> {
  const rows = await em.execute<{ size: string; root: Buffer; note: string; previous: string; link: Buffer }[]>(
    `select tree_size as size, root, note, previous_size as previous, link from countersign.audit_checkpoints
     where organization_id = ? and tree_size > ? and tree_size <= ? order by tree_size`,
    [organization, start, end],
  );
  return rows.map(({ size, previous, ...row }) => ({ ...row, size: Number(size), previous: Number(previous) }));
}

export function readCosignatures(
  em: EntityManager,
  organization: string,
  { start, end }: LeafRange,
): Promise<CheckedCosignature[]> {
  return em.execute<CheckedCosignature[]>(
    'select tree_size as size, verifier_key, line from countersign.audit_cosignatures where organization_id = ? and tree_size > ? and tree_size <= ? order by tree_size',
    [organization, start, end],
  );
}

/** A row that belongs to nothing. */
export interface LooseEnd {
  readonly id: string;
  readonly what: 'no-entry' | 'sealed-twice' | 'leaf' | 'checkpoint' | 'tile' | 'cosignature' | 'archive';
}

/** How many entries the log has. Every parameter of these statements is the organization. */
const SIZE = 'coalesce((select size from countersign.audit_logs where organization_id = ?), 0)';

/** What each statement sees is one moment: what is being sealed is queued or has its leaf, never neither or both. */
const LOOSE_ENDS = [
  `select p.entry_id::text as id, 'no-entry' as what from countersign.audit_pending p where p.organization_id = ?
     and not exists (select from countersign.audit_entries e where e.id = p.entry_id and e.at = p.at)`,
  `select p.entry_id::text as id, 'sealed-twice' as what from countersign.audit_pending p
     join countersign.audit_leaves l on l.organization_id = p.organization_id and l.entry_id = p.entry_id where p.organization_id = ?`,
  `select leaf_index::text as id, 'leaf' as what from countersign.audit_leaves where organization_id = ? and (leaf_index < 0 or leaf_index >= ${SIZE})`,
  `select tree_size::text as id, 'checkpoint' as what from countersign.audit_checkpoints where organization_id = ? and (tree_size <= 0 or tree_size > ${SIZE})`,
  `select level || '/' || tile_index as id, 'tile' as what from countersign.audit_tiles where organization_id = ?
     and (level < 0 or tile_index < 0 or octet_length(hashes) <> 32 * least(256, floor(${SIZE} / 256::numeric ^ level) - tile_index * 256))`,
  `select s.tree_size::text as id, 'cosignature' as what from countersign.audit_cosignatures s where s.organization_id = ?
     and not exists (select from countersign.audit_checkpoints c where c.organization_id = s.organization_id and c.tree_size = s.tree_size)`,
  `select month as id, 'archive' as what from countersign.audit_archives where organization_id = ? and end_index > ${SIZE}`,
];

/** @param most of each kind */
export async function findLooseEnds(em: EntityManager, organization: string, most: number): Promise<LooseEnd[]> {
  const found: LooseEnd[] = [];
  for (const sql of LOOSE_ENDS)
    found.push(
      ...(await em.execute<LooseEnd[]>(`${sql} order by 1 limit ?`, [...organizationsIn(sql, organization), most])),
    );
  return found;
}

function organizationsIn(sql: string, organization: string): string[] {
  return Array.from(sql.matchAll(/\?/g), () => organization);
}

const ENTRIES_AT_ONCE = 20_000;

/** One statement, and so one moment, for each stretch of entries. */
const UNQUEUED = `
  with stretch as (select id, at from countersign.audit_entries where organization_id = ? and at >= ? and (at, id) > (?, ?) order by at, id limit ${ENTRIES_AT_ONCE})
  select max(at) as at, (array_agg(id order by at desc, id desc))[1] as id,
    array_agg(id) filter (where not exists (select from countersign.audit_leaves l where l.organization_id = ? and l.entry_id = stretch.id and l.at = stretch.at)
      and not exists (select from countersign.audit_pending p where p.organization_id = ? and p.at = stretch.at and p.entry_id = stretch.id)) as loose
  from stretch`;

interface Stretch {
  readonly at: string;
  readonly id: string;
  readonly loose: readonly string[];
}

/**
 * Entries with neither leaf nor place in the queue, a stretch of entries at a time.
 * @param after where the stretch before this one ended; null: the first one
 * @returns null where there are no entries (any more)
 */
export async function findUnqueued(
  em: EntityManager,
  organization: string,
  after: Pick<Stretch, 'at' | 'id'> | null,
): Promise<Stretch | null> {
  const { at, id } = after ?? { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' };
  const [row] = await em.execute<{ at: string | null; id: string; loose: string[] | null }[]>(UNQUEUED, [
    organization,
    at,
    at,
    id,
    organization,
    organization,
  ]);
  return row?.at == null ? null : { at: row.at, id: row.id, loose: row.loose ?? [] };
}

export async function countQueued(em: EntityManager, organization: string): Promise<number> {
  const [row] = await em.execute<{ n: string }[]>(
    'select count(*) as n from countersign.audit_pending where organization_id = ?',
    [organization],
  );
  return Number(row?.n ?? 0);
}
