import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, addAmounts, exactly } from '../platform/money.ts';
import { isUuid } from '../platform/ids.ts';
import { sumUsage, type UsageScope } from './reads.ts';
import { allocate, type AllocatedShare, type AllocationMethod } from './rules/allocation.ts';

/** A team whose cost is charged to others. */
export interface SharedPool {
  readonly organization: string;
  /** Internal id of the team that the shared cost is booked on. */
  readonly team: string;
  readonly method: AllocationMethod;
  /** Internal ids of the teams, or names of cost centres, that share it; with their share where the method is `fixed`. */
  readonly sharers: readonly { readonly key: string; readonly share?: Amount }[];
}

export interface PoolAllocation {
  readonly currency: string;
  readonly total: Amount;
  /** Add up to the total, to the last digit. */
  readonly shares: readonly AllocatedShare[];
}

/**
 * Divides what a shared pool has cost among those who share it, per currency. Under `usage_based`, a sharer's part follows
 * what it has spent itself in that currency and time; keys that are no team's id have used nothing.
 * @param from included @param to excluded
 */
export async function allocatePool(
  em: EntityManager,
  pool: SharedPool,
  from: Date,
  to: Date,
): Promise<PoolAllocation[]> {
  const { organization, team, method, sharers } = pool;
  const totals = await sumUsage(em, { organization, teams: [team], from, to }, [], { histogram: false });
  const used =
    method === 'usage_based'
      ? await costByTeam(em, { organization, teams: teamsAmong(sharers, team), from, to })
      : new Map<string, Amount>();
  return totals.map(({ currency, cost }) => {
    const weighted = sharers.map((sharer) => ({
      ...sharer,
      used: used.get(`${sharer.key} ${currency}`) ?? exactly(0),
    }));
    return { currency, total: cost, shares: allocate(cost, method, weighted) };
  });
}

/** The pool's own cost is what is divided: it says nothing of what the pool has used of itself. */
function teamsAmong(sharers: SharedPool['sharers'], pool: string): string[] {
  return sharers.flatMap(({ key }) => (isUuid(key) && key !== pool ? [key] : []));
}

async function costByTeam(em: EntityManager, scope: UsageScope): Promise<Map<string, Amount>> {
  const costs = new Map<string, Amount>();
  for (const { keys, currency, cost } of await sumUsage(em, scope, ['team'], { histogram: false })) {
    const key = `${keys[0]} ${currency}`;
    costs.set(key, addAmounts(costs.get(key) ?? exactly(0), cost));
  }
  return costs;
}
