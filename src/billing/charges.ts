import type { EntityManager } from '@mikro-orm/postgresql';
import { addAmounts, type Amount, exactly } from '../platform/money.ts';
import { bearersAround } from './bearers.ts';
import { type ChargedTime, transfersOf, usedByCostCenter } from './allocation.ts';
import { amongCostCenters, chargedTo, destinationsOf, type Transfer } from './rules/charge-back.ts';

/** What teams are charged in one currency, and which cost centres it goes to. */
export interface TeamCharges {
  readonly charged: Amount;
  /** Add up to what is charged, to the last digit. The largest first. */
  readonly costCenters: readonly { readonly costCenter: string | null; readonly amount: Amount }[];
  readonly transfers: readonly Transfer[];
  /** By internal id, at least of whoever the transfers are from and to. */
  readonly aliases: ReadonlyMap<string, string>;
}

/**
 * @param time a whole month, so that its end says which settings hold
 * @param own what each of the teams has spent itself, in the currency
 */
export async function chargesOf(
  em: EntityManager,
  time: ChargedTime,
  own: ReadonlyMap<string, Amount>,
  currency: string,
): Promise<TeamCharges> {
  const teams = await bearersAround(em, time.organization, [...own.keys()], time.to);
  const all = await transfersOf(em, time, teams, new Set(own.keys()));
  const transfers = all.filter((transfer) => transfer.currency === currency);
  const charged = chargedTo(own, transfers);
  const destinations = destinationsOf(teams);
  const destinationOf = (team: string) => destinations.get(team) ?? { costCenter: null };
  const used = await usedByCostCenter(em, time, teams, [...charged.keys()].map(destinationOf));
  const centers = new Map<string | null, Amount>();
  for (const [team, amount] of charged)
    for (const part of amongCostCenters(amount, destinationOf(team), (center) => used(center, currency)))
      centers.set(part.costCenter, addAmounts(centers.get(part.costCenter) ?? exactly(0), part.amount));
  return {
    charged: [...charged.values()].reduce(addAmounts, exactly(0)),
    costCenters: [...centers]
      .map(([costCenter, amount]) => ({ costCenter, amount }))
      .toSorted((a, b) => b.amount.comparedTo(a.amount)),
    transfers,
    aliases: new Map(teams.map(({ id, alias }) => [id, alias])),
  };
}
