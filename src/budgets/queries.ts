import type { EntityManager } from '@mikro-orm/postgresql';
import { teamAliases } from '../tenancy/service.ts';
import { Budget } from './entities.ts';
import { plainArray } from '../platform/database/sql-arrays.ts';
import type { MeasureKind } from './rules.ts';

/** A budget as callers know it; `team` null: the whole organization. */
export interface BudgetName {
  readonly id: string;
  readonly name: string;
  readonly team: string | null;
  readonly currency: string;
}

/**
 * The names of budgets above a spender, the nearest first: the person's own, the team's, its parents', the organization's.
 * @param teamPath the team and everything above it, the organization last
 */
export async function namesOf(
  em: EntityManager,
  teamPath: readonly string[],
  ids: readonly string[],
): Promise<BudgetName[]> {
  const organization = teamPath.at(-1);
  const distance = ({ person, team }: Budget) => (person ? 0 : teamPath.length) + teamPath.indexOf(team);
  const budgets = await em.find(Budget, { id: { $in: [...ids] } }, { orderBy: { name: 'asc' } });
  const aliases = await teamAliases(
    em,
    budgets.map(({ team }) => team).filter((team) => team !== organization),
  );
  return budgets
    .toSorted((left, right) => distance(left) - distance(right))
    .map(({ id, name, team, currency }) => ({ id, name, team: aliases.get(team) ?? null, currency }));
}

/** What a budget comes to in its current period, its leased parts included. Decimals. */
export interface PeriodFigures {
  readonly starts_at: string;
  readonly ends_at: string;
  readonly limit_amount: string;
  readonly warn_at: string | null;
  readonly settled: string;
  readonly held: string;
  readonly measure: MeasureKind | null;
  /** What was spent in currencies that there was no exchange rate for; not in `settled`. */
  readonly uncounted: readonly Money[];
}

/** An amount of one currency; a decimal. */
export interface Money {
  readonly value: string;
  readonly currency: string;
}

/** A period whose account has been begun. */
export interface BegunPeriod extends Omit<PeriodFigures, 'uncounted'> {
  readonly id: string;
  /** Whether something may have been spent in it that there was no exchange rate for: the ledger knows. */
  readonly lacks_rates: boolean;
  /** When the limit has to be counted again. */
  readonly limit_until: string | null;
}

/** By budget; one whose period has not been begun is missing. Holds that have run out count no longer, freed or not. */
export async function figuresOf(
  em: EntityManager,
  budgets: readonly string[],
  at: Date,
): Promise<Map<string, BegunPeriod>> {
  const rows = await em.execute<(BegunPeriod & { budget_id: string })[]>(
    `select distinct on (p.budget_id) p.budget_id, p.id, p.starts_at, p.ends_at,
       p.limit_amount, p.limit_until, p.warn_at, p.measure,
       exists (
         select from unnest(p.other_currencies) other
         where countersign.exchange_rate(other, p.currency, p.starts_at) is null) as lacks_rates,
       p.settled + coalesce(l.settled, 0) as settled,
       p.held + coalesce(l.held, 0) - coalesce((
         select sum(countersign.hold_on(p.id, r.amount, r.periods, r.rates)) from countersign.reservations r
         where r.state = 'held' and r.expires_at <= ?::timestamptz and (p.id = any(r.periods) or r.leases && l.ids)), 0) as held
     from countersign.budget_periods p
       left join lateral (
         select sum(settled) as settled, sum(held) as held, array_agg(id) as ids
         from countersign.budget_leases where period_id = p.id
       ) l on true
     where p.budget_id = any(?::uuid[]) and p.starts_at <= ?::timestamptz and p.ends_at > ?::timestamptz
     order by p.budget_id, p.created_at desc, p.id desc`,
    [at, plainArray(budgets), at, at],
  );
  return new Map(rows.map(({ budget_id: budget, ...figures }) => [budget, figures]));
}
