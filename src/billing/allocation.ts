import type { EntityManager } from '@mikro-orm/postgresql';
import { addAmounts, type Amount, exactly } from '../platform/money.ts';
import { allocatePools, sumUsage } from '../usage/service.ts';
import { type CostBearer, type Destination, destinationsOf, poolsAmong, type Transfer } from './rules/charge-back.ts';

/** A time of an organization. */
export interface ChargedTime {
  readonly organization: string;
  readonly from: Date;
  readonly to: Date;
}

/**
 * What pools hand on in a time.
 * @param concerned internal ids of the teams that it is asked for, as giver or taker; null: all
 */
export async function transfersOf(
  em: EntityManager,
  time: ChargedTime,
  teams: readonly CostBearer[],
  concerned: ReadonlySet<string> | null,
): Promise<Transfer[]> {
  const concerns = (team: string) => concerned === null || concerned.has(team);
  const pools = poolsAmong(teams).filter(
    ({ team, sharers }) => concerns(team) || sharers.some(({ key }) => concerns(key)),
  );
  const allocations = await allocatePools(em, { ...time, pools });
  return allocations.flatMap(({ pool: { team, method }, currency, shares }) =>
    shares
      .filter(({ key, amount }) => !amount.isZero() && (concerns(team) || concerns(key)))
      .map(({ key, amount }) => ({ from: team, to: key, method, currency, amount })),
  );
}

/** What the teams of each cost centre have spent themselves. */
export type UsedByCostCenter = (costCenter: string, currency: string) => Amount;

/**
 * Reads what divisions by usage need to know.
 * @param dividing the destinations that are to be divided
 */
export async function usedByCostCenter(
  em: EntityManager,
  { organization, from, to }: ChargedTime,
  teams: readonly CostBearer[],
  dividing: readonly Destination[],
): Promise<UsedByCostCenter> {
  const wanted = new Set(
    dividing.flatMap((destination) =>
      'division' in destination && destination.division.method === 'usage_based'
        ? Object.keys(destination.division.shares)
        : [],
    ),
  );
  const centers = new Map<string, string>();
  for (const [team, destination] of destinationsOf(teams))
    if ('costCenter' in destination && destination.costCenter !== null && wanted.has(destination.costCenter))
      centers.set(team, destination.costCenter);
  const used = new Map<string, Amount>();
  if (centers.size > 0) {
    const scope = { organization, teams: [...centers.keys()], from, to };
    for (const { keys, currency, cost } of await sumUsage(em, scope, ['team'], { histogram: false })) {
      const key = `${currency} ${centers.get(keys[0] ?? '')}`;
      used.set(key, addAmounts(used.get(key) ?? exactly(0), cost));
    }
  }
  return (costCenter, currency) => used.get(`${currency} ${costCenter}`) ?? exactly(0);
}
