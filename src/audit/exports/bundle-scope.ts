import type { EntityManager } from '@mikro-orm/postgresql';
import type { BundleCheckpoint, BundleScope } from '../bundle/format.ts';
import { type Checkpoint, findCheckpoint, leavesBetween, tileReader } from '../proof-store.ts';
import { proveRange } from '../tree/proofs.ts';
import { nodesFromTiles } from '../tree/tiles.ts';
import { newestCosignedSize, withLines } from '../witnesses/cosignature-store.ts';

/** What a bundle holds besides its entries. */
export interface BundleFrame {
  readonly scope: BundleScope;
  readonly checkpoints: readonly BundleCheckpoint[];
}

/** More add nothing that these do not show, and each takes a signature's time to verify. */
const CHECKPOINTS_AT_MOST = 4_096;

/**
 * The stretch of the log that holds every entry of a time, and what proves it for the newest checkpoint that a witness has
 * cosigned, or, where none did so since, for the newest one. Where there is no such entry, it is the empty stretch at the end
 * of the log.
 * @returns null while an entry of that time waits to be sealed, or to be signed for
 */
export async function frameOf(
  em: EntityManager,
  organization: string,
  from: Date,
  to: Date,
): Promise<BundleFrame | null> {
  if (await isWaiting(em, organization, from, to)) return null;
  const newest = await findCheckpoint(em, organization, null);
  if (!newest) return null;
  const range = (await leavesBetween(em, organization, from, to)) ?? { start: newest.size, end: newest.size };
  if (range.end > newest.size) return null;
  const closing = (await newestCosignedSince(em, organization, range.end)) ?? newest;
  const proof = await proveRange(range, closing.size, nodesFromTiles(tileReader(em, organization)));
  const stride = Math.max(1, Math.ceil((range.end - range.start) / CHECKPOINTS_AT_MOST));
  const within = await checkpointsBefore(
    em,
    organization,
    { start: range.start, end: Math.min(range.end, closing.size - 1) },
    stride,
  );
  const checkpoints = await withCosignatures(em, organization, [...within, { size: closing.size, note: closing.note }]);
  return {
    scope: { from: from.toISOString(), to: to.toISOString(), range, treeSize: closing.size, proof },
    checkpoints,
  };
}

async function newestCosignedSince(em: EntityManager, organization: string, size: number): Promise<Checkpoint | null> {
  const cosigned = await newestCosignedSize(em, organization);
  return cosigned === null || cosigned < size ? null : findCheckpoint(em, organization, cosigned);
}

async function isWaiting(em: EntityManager, organization: string, from: Date, to: Date): Promise<boolean> {
  const waiting = await em.execute(
    'select from countersign.audit_pending where organization_id = ? and at >= ? and at < ? limit 1',
    [organization, from, to],
  );
  return waiting.length > 0;
}

/** Of every `stride` sizes one checkpoint, one that a witness has cosigned where there is one. */
async function checkpointsBefore(
  em: EntityManager,
  organization: string,
  { start, end }: { start: number; end: number },
  stride: number,
): Promise<BundleCheckpoint[]> {
  const rows = await em.execute<{ size: string; note: string }[]>(
    `select distinct on (c.tree_size / ?) c.tree_size as size, c.note from countersign.audit_checkpoints c
     left join (select distinct organization_id, tree_size from countersign.audit_cosignatures) s using (organization_id, tree_size)
     where c.organization_id = ? and c.tree_size between ? and ?
     order by c.tree_size / ?, s.tree_size is null, c.tree_size desc`,
    [stride, organization, start, end, stride],
  );
  return rows.map(({ size, note }) => ({ size: Number(size), note }));
}

async function withCosignatures(
  em: EntityManager,
  organization: string,
  checkpoints: readonly BundleCheckpoint[],
): Promise<BundleCheckpoint[]> {
  const rows = await em.execute<{ size: string; line: string }[]>(
    'select tree_size as size, line from countersign.audit_cosignatures where organization_id = ? and tree_size = any(?::bigint[]) order by verifier_key',
    [organization, `{${checkpoints.map(({ size }) => size).join(',')}}`],
  );
  const lines = Map.groupBy(rows, ({ size }) => Number(size));
  return checkpoints.map(({ size, note }) => ({
    size,
    note: withLines(
      note,
      (lines.get(size) ?? []).map(({ line }) => line),
    ),
  }));
}
