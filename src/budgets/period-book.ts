import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../platform/ids.ts';
import { formatAmount } from '../platform/money.ts';
import { teamBillingSettings } from '../tenancy/service.ts';
import { Budget, BudgetPeriod } from './entities.ts';
import { adoptHolds, gatherPeriod, noteCrossings, tellOfTerms } from './period-functions.ts';
import { periodOf, raisesOf, spentIn, teamsCounted } from './period-facts.ts';
import type { Spent, SpentSource } from './ports.ts';
import { type Period, type PeriodTerms, termsAt } from './rules.ts';
import { textArray } from '../platform/database/sql-arrays.ts';

/** So many teams below a budget, and parts of it are leased to them: below that, one row serves them well enough. */
const LEAST_TEAMS_TO_SHARE = 8;
/** Budgets that the books are held for in one transaction, where a change concerns many. */
const NOW_AT_MOST = 20;

export interface PeriodBookOptions {
  readonly spent: SpentSource;
  readonly leastTeamsToShare?: number;
}

/** What has become of a budget, besides its terms. */
export interface BudgetTurn {
  /** Its scope or an exchange rate changed: what was spent is asked for again. */
  readonly isRescoped?: boolean;
  /** It was taken back and is made again, or counts another kind of period: what was told and given before is over. */
  readonly beginsAnew?: boolean;
}

/**
 * Begins the accounts of budgets and keeps them in step with what budgets and settings say. Only ever called under the
 * exclusive lock of the organization's books (`lock`), so that nothing is booked between the ledger's answer and the row.
 */
export class PeriodBook {
  readonly #spent: SpentSource;
  readonly #leastTeamsToShare: number;

  constructor({ spent, leastTeamsToShare = LEAST_TEAMS_TO_SHARE }: PeriodBookOptions) {
    this.#spent = spent;
    this.#leastTeamsToShare = leastTeamsToShare;
  }

  /** Waits until nobody books anything in this organization, and has everybody wait until the transaction ends. */
  async lock(em: EntityManager): Promise<void> {
    await em.execute('select countersign.lock_budget_books(true)');
  }

  /** Has every cached list of budgets be read again. To be called last: whoever books takes this row last, too. */
  async announce(em: EntityManager, organization: string): Promise<void> {
    await em.execute(
      `insert into countersign.budget_books as b (id, organization_id, version) values (?, ?, 1) on conflict (id) do update set version = b.version + 1`,
      [organization, organization],
    );
  }

  /**
   * Begins the budget's current period where it has none, and brings its terms up to date where it has. What was spent is asked
   * for again where the period begins or ends at another moment than it did, and holds that live are counted.
   * @returns the id of the period
   */
  async bringUpToDate(
    em: EntityManager,
    budget: Budget,
    at: Date,
    { isRescoped = false, beginsAnew = false }: BudgetTurn = {},
  ): Promise<string> {
    const period = await periodOf(em, budget, at);
    if (beginsAnew) await this.#close(em, budget, at);
    const current = await this.current(em, budget.id, at);
    const id = current?.id ?? newId(at);
    const terms = await this.#termsOf(em, budget, id, at);
    const teams = await teamsCounted(em, budget);
    const shares = budget.person === null && teams.length >= this.#leastTeamsToShare ? teams.length : 0;
    const isKnown = current !== null && !isRescoped && !budget.countAnew && isSame(current, period);
    if (current) {
      await gatherPeriod(em, id, at);
      await tellOfTerms(em, id, at);
    }
    const spent = isKnown ? null : await spentIn(em, this.#spent, budget, teams, period);
    if (current) await change(em, id, terms, { period, spent, shares, currency: budget.currency });
    else await begin(em, budget, id, terms, { period, spent, shares, at });
    await adoptHolds(em, id, budget.team === budget.organization ? null : teams, at);
    await noteCrossings(em, id, at);
    await em.nativeUpdate(Budget, { id: budget.id }, { dueAt: dueAfter(period, terms), countAnew: false });
    return id;
  }

  /**
   * The same for many. Nobody books anything in the organization meanwhile, so that more of them than anybody should have to wait
   * for are left to the keeper, who begins with them within seconds.
   */
  async bringManyUpToDate(
    em: EntityManager,
    budgets: readonly Budget[],
    at: Date,
    { isRescoped = false }: Pick<BudgetTurn, 'isRescoped'> = {},
  ): Promise<void> {
    for (const budget of budgets.slice(0, NOW_AT_MOST)) await this.bringUpToDate(em, budget, at, { isRescoped });
    const later = budgets.slice(NOW_AT_MOST).map(({ id }) => id);
    if (later.length === 0) return;
    await em.nativeUpdate(Budget, { id: { $in: later } }, { dueAt: at, ...(isRescoped ? { countAnew: true } : {}) });
  }

  /** The account of a moment; null where it has not been begun. */
  async current(em: EntityManager, budget: string, at: Date): Promise<BudgetPeriod | null> {
    return em.findOne(
      BudgetPeriod,
      { budget, startsAt: { $lte: at }, endsAt: { $gt: at } },
      { orderBy: { createdAt: 'desc', id: 'desc' }, disableIdentityMap: true },
    );
  }

  /** Ends the current period here and now. Its enforcement finds it over. */
  async #close(em: EntityManager, budget: Budget, at: Date): Promise<void> {
    const current = await this.current(em, budget.id, at);
    if (!current) return;
    await gatherPeriod(em, current.id, at);
    await tellOfTerms(em, current.id, at);
    await em.nativeUpdate(BudgetPeriod, { id: current.id }, { endsAt: at, escrow: false });
  }

  async #termsOf(em: EntityManager, budget: Budget, period: string, at: Date): Promise<PeriodTerms> {
    const settings = await teamBillingSettings(em, budget.team);
    return termsAt(at, budget, settings.budget_alerts ?? {}, await raisesOf(em, period));
  }
}

function isSame({ startsAt, endsAt }: BudgetPeriod, { from, until }: Period): boolean {
  return startsAt.getTime() === from.getTime() && endsAt.getTime() === until.getTime();
}

/** When the account has to be brought up to date next. */
function dueAfter({ until }: Period, { limitUntil }: PeriodTerms): Date {
  return limitUntil !== null && limitUntil < until ? limitUntil : until;
}

function amountsOf({ limit, warnAt, ceiling }: PeriodTerms): [limit: string, warnAt: string, ceiling: string] {
  return [formatAmount(limit), formatAmount(warnAt), formatAmount(ceiling)];
}

async function begin(
  em: EntityManager,
  budget: Budget,
  id: string,
  terms: PeriodTerms,
  more: { period: Period; spent: Spent | null; shares: number; at: Date },
): Promise<void> {
  const [limit, warnAt, ceiling] = amountsOf(terms);
  await em.insert(BudgetPeriod, {
    id,
    organization: budget.organization,
    budget: budget.id,
    currency: budget.currency,
    startsAt: more.period.from,
    endsAt: more.period.until,
    limitAmount: limit,
    limitUntil: terms.limitUntil,
    warnAt,
    exceededAction: terms.exceededAction,
    freeModels: [...terms.freeModels],
    ceiling,
    settled: more.spent?.counted ?? '0',
    otherCurrencies: [...(more.spent?.otherCurrencies ?? [])],
    shares: more.shares,
    createdAt: more.at,
  });
}

/**
 * A crossing is told again where the limit was raised above what was spent; a refusal where it was raised at all, or something
 * else is counted. What has closed the budget ends with its reason, here and not later: nobody who has more to spend waits for
 * the enforcement.
 */
async function change(
  em: EntityManager,
  id: string,
  terms: PeriodTerms,
  more: { period: Period; spent: Spent | null; shares: number; currency: string },
): Promise<void> {
  const [limit, warnAt, ceiling] = amountsOf(terms);
  await em.execute(
    `update countersign.budget_periods p
     set starts_at = n.starts_at, ends_at = n.ends_at, currency = n.currency,
       limit_amount = n.limit_amount, limit_until = n.limit_until, warn_at = n.warn_at,
       exceeded_action = n.exceeded_action, free_models = n.free_models, ceiling = n.ceiling,
       settled = n.settled, other_currencies = coalesce(?::text[], p.other_currencies),
       shares = n.shares, escrow = p.escrow and n.shares > 0,
       noted = least(p.noted, case when n.settled >= n.limit_amount then 2 when n.settled >= n.warn_at then 1 else 0 end),
       refused_at = case when n.limit_amount > p.limit_amount or n.is_recounted then null else p.refused_at end,
       refused_amount = case when n.limit_amount > p.limit_amount or n.is_recounted then null else p.refused_amount end,
       measure = case
         when p.measure in ('restricted', 'suspended') and (n.settled < n.limit_amount or n.exceeded_action <> p.exceeded_action)
           then null
         else p.measure
       end
     from (
       select ?::boolean as is_recounted, ?::timestamptz as starts_at, ?::timestamptz as ends_at, ?::text as currency,
         ?::numeric as limit_amount, ?::timestamptz as limit_until, ?::numeric as warn_at,
         ?::text as exceeded_action, ?::text[] as free_models, ?::numeric as ceiling, ?::int as shares,
         coalesce(?::numeric, (select settled from countersign.budget_periods where id = ?)) as settled
     ) n
     where p.id = ?`,
    [
      more.spent && textArray(more.spent.otherCurrencies),
      more.spent !== null,
      more.period.from,
      more.period.until,
      more.currency,
      limit,
      terms.limitUntil,
      warnAt,
      terms.exceededAction,
      textArray(terms.freeModels),
      ceiling,
      more.shares,
      more.spent?.counted ?? null,
      id,
      id,
    ],
  );
}
