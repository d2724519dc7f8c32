import { addAmounts, type Amount, exactly, multiplyAmounts, roundAmount } from '../../platform/money.ts';
import { ALERT_DEFAULTS, type AlertSettings as Settings } from '../../tenancy/rules/alert-settings.ts';
import type { ExceededAction } from './model.ts';

/** What a budget and the billing settings of its team say; null or absent: nothing. */
export interface BudgetTerms {
  readonly amount: string;
  readonly warningThreshold?: string | number | null;
  readonly exceededAction?: ExceededAction | null;
}

export type AlertSettings = Partial<Settings>;

/** More for one period. */
export interface Raise {
  readonly amount: string;
  /** Null: until the period ends. */
  readonly until: Date | null;
}

/** What holds for a period from now on, in amounts. */
export interface PeriodTerms {
  readonly limit: Amount;
  /** When a raise ends and the limit has to be counted again. */
  readonly limitUntil: Date | null;
  readonly warnAt: Amount;
  readonly exceededAction: ExceededAction;
  readonly freeModels: readonly string[];
  /** As far as free models may go; the limit itself where there are none. */
  readonly ceiling: Amount;
}

/** The threshold in percent and the action that hold: the budget's own, else the settings' of its team, else the defaults. */
export function warningThresholdOf(budget: BudgetTerms, alerts: AlertSettings): number {
  return Number(budget.warningThreshold ?? alerts.warning_threshold ?? ALERT_DEFAULTS.warning_threshold);
}

export function exceededActionOf(budget: BudgetTerms, alerts: AlertSettings): ExceededAction {
  return budget.exceededAction ?? alerts.exceeded_action ?? ALERT_DEFAULTS.exceeded_action;
}

/** By how much a budget that is used up is to be raised: a part of its amount, whatever its limit has come to. */
export function increaseOf({ amount }: BudgetTerms, alerts: AlertSettings): Amount {
  return percentOf(exactly(amount), alerts.increase_percent ?? ALERT_DEFAULTS.increase_percent);
}

/** What a budget means in one period at a moment. A raise lifts the threshold and the ceiling with the limit. */
export function termsAt(at: Date, budget: BudgetTerms, alerts: AlertSettings, raises: readonly Raise[]): PeriodTerms {
  const inForce = raises.filter(({ until }) => until === null || until > at);
  const limit = inForce.reduce((sum, { amount }) => addAmounts(sum, exactly(amount)), exactly(budget.amount));
  const ends = inForce.flatMap(({ until }) => (until === null ? [] : [until.getTime()]));
  const exceededAction = exceededActionOf(budget, alerts);
  const freeModels = exceededAction === 'restrict' ? (alerts.restrict_to_models ?? []) : [];
  return {
    limit,
    limitUntil: ends.length === 0 ? null : new Date(Math.min(...ends)),
    warnAt: percentOf(limit, warningThresholdOf(budget, alerts)),
    exceededAction,
    freeModels,
    ceiling:
      freeModels.length === 0
        ? limit
        : percentOf(limit, alerts.hard_limit_percent ?? ALERT_DEFAULTS.hard_limit_percent),
  };
}

function percentOf(amount: Amount, percent: number): Amount {
  return roundAmount(multiplyAmounts(multiplyAmounts(amount, percent), exactly('0.01')));
}
