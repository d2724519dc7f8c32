import type { BareDatabase } from '../../platform/database/bare.ts';

/** Whoever writes an entry has its proof by then; whatever waits for longer shows that nobody seals. */
export const SEALED_WITHIN_S = 60;

/**
 * How long the oldest entry has waited to be sealed, in seconds; 0 where none waits.
 * @param database opened under `countersign_sealer`
 * @throws Unavailable
 */
export async function oldestUnsealed(database: BareDatabase): Promise<number> {
  const [row] = await database.query<{ seconds: number | null }>(
    'select extract(epoch from clock_timestamp() - min(queued_at))::float8 as seconds from countersign.audit_pending',
  );
  return Math.max(0, row?.seconds ?? 0);
}
