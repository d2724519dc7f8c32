import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, compareAmounts, exactly } from '../../platform/money.ts';
import { teamBillingSettings } from '../../tenancy/service.ts';
import type { ServiceRequests } from '../../approvals/service.ts';
import { Budget, BudgetMeasure, BudgetPeriod } from '../entities.ts';
import { noteCrossings } from '../period-functions.ts';
import {
  type AlertSettings,
  availableOf,
  increaseOf,
  type InForce,
  isAnsweredByIncrease,
  isIncreaseSpare,
  type Standing,
} from '../rules.ts';

/** Nobody who could be asked was found: so much later there may be somebody. */
const ASK_AGAIN_AFTER_MS = 6 * 3_600_000;

/**
 * Only the first refusal is told of. One that an increase has answered is looked at again so much later: it is forgotten, so that
 * the next is told, or people are asked, where little of the increase is left meanwhile. Nobody waits longer than that; and a
 * crowd of refusals has the saga look no more often.
 */
const FORGET_REFUSAL_AFTER_MS = 10_000;

/** A period as its enforcement sees it. */
export interface PeriodStanding {
  readonly budget: Budget;
  readonly period: BudgetPeriod;
  readonly alerts: AlertSettings;
  /** What was spent, leased parts included. */
  readonly settled: Amount;
  /** What is left of the limit, holds taken off. */
  readonly left: Amount;
  readonly standing: Standing;
  /** When a refusal that needs no answer is to be forgotten; null: there is none. */
  readonly forgetRefusalAt: Date | null;
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
  await noteCrossings(em, period, at);
}

/** Has the next refusal be told of like a first one. */
export async function forgetRefusal(em: EntityManager, period: string, at: Date): Promise<void> {
  await em.execute(
    'update countersign.budget_periods set refused_at = null, refused_amount = null where id = ? and refused_at <= ?::timestamptz',
    [period, new Date(at.getTime() - FORGET_REFUSAL_AFTER_MS)],
  );
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
  const { settled, held } = await usedOf(em, id);
  const limit = exactly(period.limitAmount);
  const standing: Standing = {
    isPeriodOver: period.endsAt <= at,
    isRemoved: budget.retiredAt != null,
    exceededAction: period.exceededAction,
    isUsedUp: compareAmounts(settled, limit) >= 0,
    wasRefused: period.refusedAt != null,
    hasSpareIncrease: isIncreaseSpare(lastIncrease(measures), { settled, held, limit }),
    mayAsk: !measures.some(({ state }) => state === 'declined') && increaseOf(budget, alerts).greaterThan(0),
    askAgainAt: askAgainAt(measures),
    inForce: await inForceOf(em, requests, period, measures),
  };
  return {
    budget,
    period,
    alerts,
    settled,
    left: availableOf({ limit, settled, held }),
    standing,
    forgetRefusalAt: forgetRefusalAt(period, standing),
  };
}

/** The team that an entry of the audit log belongs to; null for budgets of the whole organization. */
export function teamOf({ team, organization }: Budget): string | null {
  return team === organization ? null : team;
}

/** Leased parts included. */
async function usedOf(em: EntityManager, period: string): Promise<{ settled: Amount; held: Amount }> {
  const [row] = await em.execute<{ settled: string; held: string }[]>(
    `select p.settled + l.settled as settled, p.held + l.held as held
     from countersign.budget_periods p, lateral (
       select coalesce(sum(settled), 0) as settled, coalesce(sum(held), 0) as held from countersign.budget_leases where period_id = p.id
     ) l where p.id = ?`,
    [period],
  );
  return { settled: exactly(row!.settled), held: exactly(row!.held) };
}

function lastIncrease(measures: readonly BudgetMeasure[]): Amount | null {
  const [last] = measures
    .filter(({ state }) => state === 'granted')
    .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  return last ? exactly(last.amount ?? '0') : null;
}

function forgetRefusalAt({ refusedAt }: BudgetPeriod, standing: Standing): Date | null {
  return refusedAt && isAnsweredByIncrease(standing) ? new Date(refusedAt.getTime() + FORGET_REFUSAL_AFTER_MS) : null;
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
  const isAnswered = approval ? (await requests.outcomeOf(em, period.organization, approval)).isClosed : false;
  return { id, kind, isVoid: period.measure !== kind, isAnswered };
}
