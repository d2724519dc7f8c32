import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, exactly } from '../platform/money.ts';
import { sumUsage } from './reads.ts';
import { allocate, type AllocatedShare, type AllocationMethod } from './rules/allocation.ts';

/** A team whose cost is charged to others. */
export interface SharedPool {
  /** Internal id of the team that the shared cost is booked on. */
  readonly team: string;
  readonly method: AllocationMethod;
  /** Internal ids of the teams that share it; with their share where the method is `fixed`. */
  readonly sharers: readonly { readonly key: string; readonly share?: Amount }[];
}

export interface PoolAllocation<Pool extends SharedPool = SharedPool> {
  readonly pool: Pool;
  readonly currency: string;
  readonly total: Amount;
  /** Add up to the total, to the last digit. */
  readonly shares: readonly AllocatedShare[];
}

/**
 * Divides what shared pools have cost among those who share them, per currency; in one look at the rollups, however many
 * pools there are. Under `usage_based`, a sharer's part follows what it has spent itself in that currency and time.
 * @param from included @param to excluded
 */
export async function allocatePools<Pool extends SharedPool>(
  em: EntityManager,
  { organization, pools, from, to }: { organization: string; pools: readonly Pool[]; from: Date; to: Date },
): Promise<PoolAllocation<Pool>[]> {
  if (pools.length === 0) return [];
  const teams = [...new Set(pools.flatMap((pool) => [pool.team, ...comparedIn(pool)]))];
  const sums = await sumUsage(em, { organization, teams, from, to }, ['team'], { histogram: false });
  const spent = new Map(sums.map(({ keys, currency, cost }) => [`${keys[0]} ${currency}`, cost]));
  return pools.flatMap((pool) =>
    sums
      .filter(({ keys }) => keys[0] === pool.team)
      .map(({ currency, cost }) => {
        const used = new Map(comparedIn(pool).map((key) => [key, spent.get(`${key} ${currency}`)]));
        const sharers = pool.sharers.map((sharer) => ({ ...sharer, used: used.get(sharer.key) ?? exactly(0) }));
        return { pool, currency, total: cost, shares: allocate(cost, pool.method, sharers) };
      }),
  );
}

/** Those whose spending decides. Not the pool itself: its own cost is what is divided, and says nothing of what it has used of itself. */
function comparedIn({ team, method, sharers }: SharedPool): string[] {
  return method === 'usage_based' ? sharers.map(({ key }) => key).filter((key) => key !== team) : [];
}
