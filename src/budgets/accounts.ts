import type { EntityManager } from '@mikro-orm/postgresql';
import type { Budget } from './entities.ts';
import { LedgerSpending } from './ledger-ports.ts';
import { periodOf, raisesOf, spentIn, teamsCounted } from './period-facts.ts';
import { type BegunPeriod, figuresOf, type PeriodFigures } from './queries.ts';
import { type AlertSettings, termsAt } from './rules.ts';

/**
 * What budgets come to in the periods that a moment lies in, by budget: as their accounts say, or would say if they had been
 * brought up to date. A period that nobody has begun yet comes from the ledger; an override that has ended counts no longer.
 * @param alerts what the billing settings of their team say
 */
export async function accountsOf(
  em: EntityManager,
  budgets: readonly Budget[],
  alerts: AlertSettings,
  at: Date,
): Promise<Map<string, PeriodFigures>> {
  const begun = await figuresOf(
    em,
    budgets.map(({ id }) => id),
    at,
  );
  const accounts = new Map<string, PeriodFigures>();
  for (const budget of budgets) {
    const period = begun.get(budget.id);
    accounts.set(
      budget.id,
      period ? await upToDate(em, budget, alerts, period, at) : await fromLedger(em, budget, alerts, at),
    );
  }
  return accounts;
}

async function upToDate(
  em: EntityManager,
  budget: Budget,
  alerts: AlertSettings,
  period: BegunPeriod,
  at: Date,
): Promise<PeriodFigures> {
  const figures = { ...period, uncounted: period.lacks_rates ? await uncountedIn(em, budget, period) : [] };
  if (period.limit_until === null || new Date(period.limit_until) > at) return figures;
  const { limit, warnAt } = termsAt(at, budget, alerts, await raisesOf(em, period.id));
  return { ...figures, limit_amount: limit.toFixed(), warn_at: warnAt.toFixed() };
}

async function uncountedIn(
  em: EntityManager,
  budget: Budget,
  { starts_at: from, ends_at: until }: BegunPeriod,
): Promise<PeriodFigures['uncounted']> {
  const period = { from: new Date(from), until: new Date(until) };
  return (await spentIn(em, new LedgerSpending(), budget, await teamsCounted(em, budget), period)).uncounted;
}

async function fromLedger(em: EntityManager, budget: Budget, alerts: AlertSettings, at: Date): Promise<PeriodFigures> {
  const period = await periodOf(em, budget, at);
  const spent = await spentIn(em, new LedgerSpending(), budget, await teamsCounted(em, budget), period);
  const { limit, warnAt } = termsAt(at, budget, alerts, []);
  return {
    starts_at: period.from.toISOString(),
    ends_at: period.until.toISOString(),
    limit_amount: limit.toFixed(),
    warn_at: warnAt.toFixed(),
    settled: spent.counted,
    held: '0',
    measure: null,
    uncounted: spent.uncounted,
  };
}
