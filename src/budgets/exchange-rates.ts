import type { EntityManager } from '@mikro-orm/postgresql';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { ExchangeRateFollower } from '../usage/service.ts';
import { Budget } from './entities.ts';
import type { PeriodBook } from './period-book.ts';

/** Keeps budgets in step with exchange rates: what is spent in another currency counts at the rate of the moment of the spend. */
export class ExchangeRateBudgets implements ExchangeRateFollower {
  readonly #book: PeriodBook;

  constructor(book: PeriodBook) {
    this.#book = book;
  }

  async exchangeRateChanged({ em, at, origin }: Transaction, pair: { from: string; to: string }): Promise<void> {
    await countAnew(em, this.#book, { organization: origin.organization, ...pair }, at);
  }
}

/**
 * Counts the current periods of all budgets anew that a changed exchange rate concerns. Holds keep the rate that they were
 * made with; those that there was no rate for are counted from now on. Waits until nobody books anything in the organization;
 * more budgets than nobody should have to wait for are left to the keeper, who begins with them within seconds.
 */
export async function countAnew(
  em: EntityManager,
  book: PeriodBook,
  change: { readonly organization: string; readonly from: string; readonly to: string },
  at: Date,
): Promise<void> {
  await book.lock(em);
  const concerned = await budgetsConcerned(em, change, at);
  if (concerned.length === 0) return;
  const ids = concerned.map(({ id }) => id);
  const budgets = await em.find(Budget, { id: { $in: ids } }, { orderBy: { id: 'asc' } });
  await book.bringManyUpToDate(em, budgets, at, { isRescoped: true });
  await book.announce(em, change.organization);
}

/** Those in whose current period something was spent in the one currency, and those above a team that holds some of it. */
function budgetsConcerned(
  em: EntityManager,
  { organization, from, to }: { readonly organization: string; readonly from: string; readonly to: string },
  at: Date,
): Promise<{ id: string }[]> {
  return em.execute<{ id: string }[]>(
    `with recursive holding(id) as (
       select distinct r.team_id from countersign.reservations r where r.state = 'held' and r.expires_at > ?::timestamptz and r.currency = ?
       union
       select t.parent_id from holding join countersign.teams t on t.id = holding.id where t.parent_id is not null
     ), places(id) as (select id from holding union all select ?::uuid where exists (select from holding))
     select b.id from countersign.budgets b
     where b.retired_at is null and b.currency = ? and (b.team_id in (select id from places) or exists (
       select from countersign.budget_periods p
       where p.budget_id = b.id and p.starts_at <= ?::timestamptz and p.ends_at > ?::timestamptz and ? = any(p.other_currencies)))`,
    [at, from, organization, to, at, at, from],
  );
}
