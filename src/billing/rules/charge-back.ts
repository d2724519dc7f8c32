import { addAmounts, type Amount, exactly, subtractAmounts } from '../../platform/money.ts';
import { type AllocationMethod, allocate } from '../../usage/rules/allocation.ts';

/** How something is divided, and among whom. */
export interface Division {
  readonly method: AllocationMethod;
  readonly shares: Readonly<Record<string, number>>;
}

/** A team, as far as it matters who bears its cost. */
export interface CostBearer {
  readonly id: string;
  readonly alias: string;
  readonly parent: string | null;
  /** The aliases of the teams that share its own cost. */
  readonly pool: Division | null;
  readonly costCenter: string | null;
  /** Several cost centres by name. */
  readonly chargeBack: Division | null;
}

/** A team whose own cost is divided among others. */
export interface Pool {
  readonly team: string;
  readonly method: AllocationMethod;
  readonly sharers: readonly { readonly key: string; readonly share: Amount }[];
}

/** Where a team's cost is charged to: one cost centre (null: none was named), or several. */
export type Destination = { readonly costCenter: string | null } | { readonly division: Division };

/** Cost that a pool hands on to a team. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly method: AllocationMethod;
  readonly currency: string;
  readonly amount: Amount;
}

/** The pools among teams. */
export function poolsAmong(teams: readonly CostBearer[]): Pool[] {
  const ids = new Map(teams.map(({ alias, id }) => [alias, id]));
  return teams.flatMap(({ id, pool }) => {
    const sharers = Object.entries(pool?.shares ?? {}).flatMap(([alias, share]) => {
      const key = ids.get(alias);
      return key === undefined ? [] : [{ key, share: exactly(share) }];
    });
    return pool && sharers.length > 0 ? [{ team: id, method: pool.method, sharers }] : [];
  });
}

/** Where the cost of each team goes: as the team says, or else the nearest one above that says something. */
export function destinationsOf(teams: readonly CostBearer[]): Map<string, Destination> {
  const byId = new Map(teams.map((team) => [team.id, team]));
  return new Map(teams.map((team) => [team.id, destinationOf(team, byId)]));
}

function destinationOf(team: CostBearer, byId: ReadonlyMap<string, CostBearer>): Destination {
  for (let at: CostBearer | undefined = team; at !== undefined; at = byId.get(at.parent ?? '')) {
    if (at.chargeBack) return { division: at.chargeBack };
    if (at.costCenter !== null) return { costCenter: at.costCenter };
  }
  return { costCenter: null };
}

/**
 * What teams are charged: what they spent, less what their pool hands on, and what pools hand on to them. A pool keeps what
 * it gets from another one: cost moves once (direct method of cost allocation), so that pools that share with each other
 * need no end to be found.
 * @param own by team
 * @returns by team, those of `own` and no other
 */
export function chargedTo(own: ReadonlyMap<string, Amount>, transfers: readonly Transfer[]): Map<string, Amount> {
  const charged = new Map(own);
  const change = (team: string, by: (before: Amount) => Amount) => {
    const before = charged.get(team);
    if (before !== undefined) charged.set(team, by(before));
  };
  for (const { from, to, amount } of transfers) {
    change(from, (before) => subtractAmounts(before, amount));
    change(to, (before) => addAmounts(before, amount));
  }
  return charged;
}

/**
 * Divides what a team is charged among its cost centres; the parts add up to it, to the last digit.
 * @param used what the teams of a cost centre have spent themselves
 */
export function amongCostCenters(
  charged: Amount,
  destination: Destination,
  used: (costCenter: string) => Amount,
): { readonly costCenter: string | null; readonly amount: Amount }[] {
  if ('costCenter' in destination) return [{ costCenter: destination.costCenter, amount: charged }];
  const { method, shares } = destination.division;
  const sharers = Object.entries(shares).map(([key, share]) => ({ key, share: exactly(share), used: used(key) }));
  return allocate(charged, method, sharers).map(({ key, amount }) => ({ costCenter: key, amount }));
}
