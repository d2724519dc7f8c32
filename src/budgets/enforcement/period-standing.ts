import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../../platform/database/sql-arrays.ts';
import { type Amount, compareAmounts, exactly } from '../../platform/money.ts';
import { teamBillingSettings } from '../../tenancy/service.ts';
import type { ServiceRequests } from '../../approvals/service.ts';
import { Budget, BudgetMeasure, BudgetPeriod } from '../entities.ts';
import { type AlertSettings, increaseOf, type InForce, type Standing } from '../rules.ts';

/** Nobody who could be asked was found: so much later there may be somebody. */
const ASK_AGAIN_AFTER_MS = 6 * 3_600_000;

/** A period as its enforcement sees it. */
export interface PeriodStanding {
  readonly budget: Budget;
  readonly period: BudgetPeriod;
  readonly alerts: AlertSettings;
  /** What was spent, leased parts included. */
  readonly settled: Amount;
  readonly standing: Standing;
}

/**
 * Locks a period's account in the order in which everybody locks, and brings together what its parts hold: nothing is booked
 * on it until the transaction ends.
 */
export async function lockPeriod(em: EntityManager, period: string, at: Date): Promise<void> {
  await em.execute('select countersign.gather_budgets(?::uuid[], ?::timestamptz)', [plainArray([period]), at]);
}

/**
 * Has crossings that a correction has taken back be noted again when they come again. The period is locked, and everything that
 * its parts hold is on it.
 */
export async function forgetCrossings(em: EntityManager, period: string, at: Date): Promise<void> {
  await em.execute(
    `update countersign.budget_periods set noted = least(noted, case when settled >= limit_amount then 2 when settled >= warn_at then 1 else 0 end) where id = ?`,
    [period],
  );
  // Parts that were leased for a later threshold may be too large for the next one.
  await em.execute('select countersign.note_budget_crossings(?::uuid[], ?::timestamptz)', [plainArray([period]), at]);
}

/** Reads how a period stands at a moment. */
export async function readStanding(
  em: EntityManager,
  requests: ServiceRequests,
  id: string,
  at: Date,
): Promise<PeriodStanding> {
  const period = await em.findOneOrFail(BudgetPeriod, { id }, { disableIdentityMap: true });
  const budget = await em.findOneOrFail(Budget, { id: period.budget }, { disableIdentityMap: true });
  const measures = await em.find(BudgetMeasure, { period: id }, { disableIdentityMap: true });
  const alerts = (await teamBillingSettings(em, budget.team)).budget_alerts ?? {};
  const settled = await settledOf(em, id);
  return {
    budget,
    period,
    alerts,
    settled,
    standing: {
      isPeriodOver: period.endsAt <= at,
      isRemoved: budget.retiredAt != null,
      exceededAction: period.exceededAction,
      isUsedUp: compareAmounts(settled, exactly(period.limitAmount)) >= 0,
      wasRefused: period.refusedAt != null,
      mayAsk: !measures.some(({ state }) => state === 'declined') && increaseOf(budget, alerts).greaterThan(0),
      askAgainAt: askAgainAt(measures),
      inForce: await inForceOf(em, requests, period, measures),
    },
  };
}

/** The team that an entry of the audit log belongs to; null for budgets of the whole organization. */
export function teamOf({ team, organization }: Budget): string | null {
  return team === organization ? null : team;
}

async function settledOf(em: EntityManager, period: string): Promise<Amount> {
  const [row] = await em.execute<{ settled: string }[]>(
    `select p.settled + coalesce((select sum(l.settled) from countersign.budget_leases l where l.period_id = p.id), 0) as settled
     from countersign.budget_periods p where p.id = ?`,
    [period],
  );
  return exactly(row!.settled);
}

function askAgainAt(measures: readonly BudgetMeasure[]): Date | null {
  const tried = measures.filter(({ state }) => state === 'impossible').map(({ createdAt }) => createdAt.getTime());
  return tried.length === 0 ? null : new Date(Math.max(...tried) + ASK_AGAIN_AFTER_MS);
}

async function inForceOf(
  em: EntityManager,
  requests: ServiceRequests,
  period: BudgetPeriod,
  measures: readonly BudgetMeasure[],
): Promise<InForce | null> {
  const measure = measures.find(({ state }) => state === 'in_force');
  if (!measure) return null;
  const { id, kind, approval } = measure;
  const isAnswered = approval ? (await requests.outcomeOf(em, approval)).isClosed : false;
  return { id, kind, isVoid: period.measure !== kind, isAnswered };
}
