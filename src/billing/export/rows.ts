import type { EntityManager } from '@mikro-orm/postgresql';
import { addAmounts, type Amount, exactly, subtractAmounts } from '../../platform/money.ts';
import { sumUsage, type UsageSums } from '../../usage/service.ts';
import { transfersOf, usedByCostCenter } from '../allocation.ts';
import { type Bearer, bearersAround } from '../bearers.ts';
import type { BillingCalendar } from '../billed-team.ts';
import { type BillingPeriod, partsByPeriod, type PeriodPart } from '../rules/billing-period.ts';
import { amongCostCenters, chargedTo, type Destination, destinationsOf, type Transfer } from '../rules/charge-back.ts';
import { boundsOfDay } from '../rules/days.ts';

/** What is exported: of whom, and when. */
export interface ExportScope {
  readonly organization: string;
  /** Internal ids; null: every team. */
  readonly teams: ReadonlySet<string> | null;
  readonly from: Date;
  readonly until: Date;
  readonly calendar: BillingCalendar;
}

export interface ExportedTeam {
  readonly id: string;
  readonly alias: string;
  readonly name: string;
}

/**
 * One charge. `usage` is what the ledger has for a team, day, provider and model. `allocation` takes cost off a pool or puts it
 * on a team that shares it, `charge_back` takes it off a team and puts it on its cost centres: these add up to nothing over
 * all teams, and over a team, so that everything together is what the ledger says.
 */
export interface ChargeRow {
  readonly kind: 'usage' | 'allocation' | 'charge_back';
  readonly from: Date;
  readonly until: Date;
  readonly period: BillingPeriod;
  readonly team: ExportedTeam;
  /** Null: none was named, or `charge_back` rows say which. */
  readonly costCenter: string | null;
  readonly currency: string;
  readonly amount: Amount;
  /** Null for what is no usage. */
  readonly used: (Pick<UsageSums, 'events' | 'tokens'> & { readonly provider: string; readonly model: string }) | null;
}

interface Part extends PeriodPart {
  readonly organization: string;
  readonly timezone: string;
  /** Those that are exported, by id of the callers'. */
  readonly teams: readonly Bearer[];
  readonly everybody: readonly Bearer[];
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly own: readonly UsageSums[];
}

/** Every charge in the scope, month after month; what the transaction sees. Holds a month of one team in memory. */
export async function* chargeRows(em: EntityManager, scope: ExportScope): AsyncGenerator<ChargeRow> {
  const { organization, calendar } = scope;
  const ids = scope.teams && [...scope.teams];
  for (const cut of partsByPeriod(scope.from, scope.until, calendar)) {
    const everybody = await bearersAround(em, organization, ids, cut.period.until);
    const part: Part = {
      ...cut,
      organization,
      timezone: calendar.timezone,
      everybody,
      teams: everybody
        .filter(({ id }) => scope.teams?.has(id) ?? true)
        .toSorted((a, b) => (a.alias < b.alias ? -1 : 1)),
      destinations: destinationsOf(everybody),
      own: await sumUsage(em, { organization, teams: ids, from: cut.from, to: cut.until }, ['team'], {
        histogram: false,
      }),
    };
    yield* usageRows(em, part);
    const transfers = await transfersOf(em, timeOf(part), everybody, scope.teams);
    yield* allocationRows(part, transfers);
    yield* chargeBackRows(em, part, transfers);
  }
}

function timeOf({ organization, from, until }: Part) {
  return { organization, from, to: until };
}

async function* usageRows(em: EntityManager, part: Part): AsyncGenerator<ChargeRow> {
  const spending = new Set(part.own.map(({ keys }) => keys[0]));
  for (const team of part.teams.filter(({ id }) => spending.has(id))) {
    const sums = await sumUsage(
      em,
      { ...timeOf(part), teams: [team.id] },
      [{ day: part.timezone }, 'provider', 'model'],
      { histogram: false },
    );
    for (const sum of sums.toSorted(byKeys)) yield usageRow(part, team, sum);
  }
}

function usageRow(part: Part, team: Bearer, { keys, currency, cost, events, tokens }: UsageSums): ChargeRow {
  const [day = '', provider = '', model = ''] = keys;
  const bounds = boundsOfDay(day, part.timezone);
  return {
    ...rowOf(part, team, 'usage', currency, cost),
    from: bounds.from > part.from ? bounds.from : part.from,
    until: bounds.until < part.until ? bounds.until : part.until,
    used: { provider, model, events, tokens },
  };
}

function* allocationRows(part: Part, transfers: readonly Transfer[]): Generator<ChargeRow> {
  const teams = new Map(part.teams.map((team) => [team.id, team]));
  for (const { from, to, currency, amount } of transfers) {
    const [giver, taker] = [teams.get(from), teams.get(to)];
    if (giver) yield rowOf(part, giver, 'allocation', currency, subtractAmounts(exactly(0), amount));
    if (taker) yield rowOf(part, taker, 'allocation', currency, amount);
  }
}

async function* chargeBackRows(
  em: EntityManager,
  part: Part,
  transfers: readonly Transfer[],
): AsyncGenerator<ChargeRow> {
  const dividing = part.teams.flatMap((team) => {
    const destination = part.destinations.get(team.id);
    return destination && 'division' in destination ? [{ team, destination }] : [];
  });
  const used = await usedByCostCenter(
    em,
    timeOf(part),
    part.everybody,
    dividing.map(({ destination }) => destination),
  );
  for (const [currency, charged] of chargedByCurrency(part, transfers))
    for (const { team, destination } of dividing) {
      const amount = charged.get(team.id) ?? exactly(0);
      if (amount.isZero()) continue;
      yield rowOf(part, team, 'charge_back', currency, subtractAmounts(exactly(0), amount));
      for (const share of amongCostCenters(amount, destination, (center) => used(center, currency)))
        yield { ...rowOf(part, team, 'charge_back', currency, share.amount), costCenter: share.costCenter };
    }
}

function chargedByCurrency(part: Part, transfers: readonly Transfer[]): Map<string, Map<string, Amount>> {
  const currencies = new Set([...part.own, ...transfers].map(({ currency }) => currency));
  return new Map(
    [...currencies].toSorted().map((currency) => {
      const own = new Map(part.teams.map(({ id }) => [id, exactly(0)]));
      for (const sum of part.own)
        if (sum.currency === currency) own.set(sum.keys[0] ?? '', addAmounts(exactly(0), sum.cost));
      return [
        currency,
        chargedTo(
          own,
          transfers.filter((transfer) => transfer.currency === currency),
        ),
      ];
    }),
  );
}

function rowOf(part: Part, team: Bearer, kind: ChargeRow['kind'], currency: string, amount: Amount): ChargeRow {
  const destination = part.destinations.get(team.id);
  const costCenter = destination && 'costCenter' in destination ? destination.costCenter : null;
  return {
    kind,
    from: part.from,
    until: part.until,
    period: part.period,
    team: { id: team.id, alias: team.alias, name: team.name },
    costCenter,
    currency,
    amount,
    used: null,
  };
}

function byKeys(a: UsageSums, b: UsageSums): number {
  return a.keys.join('\n') < b.keys.join('\n') ? -1 : 1;
}
