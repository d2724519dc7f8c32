import { addAmounts, type Amount, compareAmounts, multiplyAmounts, subtractAmounts } from '../../platform/money.ts';
import type { AlertType, ExceededAction, MeasureKind } from './model.ts';

/** The measure that is in force, as it was taken. */
export interface InForce {
  readonly id: string;
  readonly kind: MeasureKind;
  /** New terms of the budget have ended what it did; it has to be taken off the record, too. */
  readonly isVoid: boolean;
  /** Whether the approval that it waits for is closed. */
  readonly isAnswered: boolean;
}

/** All that decides what the enforcement of one period does next. */
export interface Standing {
  readonly isPeriodOver: boolean;
  /** The budget was taken back. */
  readonly isRemoved: boolean;
  readonly exceededAction: ExceededAction;
  /** What was spent has reached the limit. */
  readonly isUsedUp: boolean;
  /** A reservation was refused since the limit was raised last. */
  readonly wasRefused: boolean;
  /** An increase was granted in this period, and at least half of it is left: it is the answer to what is refused. */
  readonly hasSpareIncrease: boolean;
  /** Whether an increase can be asked for: it would be more than nothing, and none was declined in this period. */
  readonly mayAsk: boolean;
  /** Before that nobody need be looked for who could agree: there was nobody. */
  readonly askAgainAt: Date | null;
  readonly inForce: InForce | null;
}

export type EnforcementStep =
  | { readonly do: 'end' }
  | { readonly do: 'wait' }
  | { readonly do: 'take'; readonly kind: MeasureKind }
  /** The approval was answered: raise the limit, or write down that it stays. */
  | { readonly do: 'conclude'; readonly measure: string }
  | {
      readonly do: 'undo';
      readonly measure: string;
      readonly kind: MeasureKind;
      readonly because: UndoneBecause;
    };

export type UndoneBecause = 'period-over' | 'budget-removed' | 'no-longer-needed' | 'cancelled';

/**
 * What is to be done next. Each step changes the standing, and whoever carries steps out asks again after each: a crash in
 * between loses nothing, and an event that comes twice, late or out of order finds nothing left to do.
 */
export function nextStep(standing: Standing, at: Date): EnforcementStep {
  const { inForce, isPeriodOver, isRemoved, askAgainAt } = standing;
  if (isPeriodOver || isRemoved) {
    return inForce ? undo(inForce, isRemoved ? 'budget-removed' : 'period-over') : { do: 'end' };
  }
  if (inForce?.isAnswered) return { do: 'conclude', measure: inForce.id };
  const wanted = wantedMeasure(standing);
  if (inForce && (inForce.isVoid || inForce.kind !== wanted)) return undo(inForce, 'no-longer-needed');
  if (inForce || wanted === null) return { do: 'wait' };
  if (wanted === 'awaiting_approval' && askAgainAt !== null && askAgainAt > at) return { do: 'wait' };
  return { do: 'take', kind: wanted };
}

function undo({ id, kind }: InForce, because: UndoneBecause): EnforcementStep {
  return { do: 'undo', measure: id, kind, because };
}

/** A budget that was closed stays so until its terms change: a correction that makes a little room opens nothing. */
function wantedMeasure(standing: Standing): MeasureKind | null {
  const { exceededAction, isUsedUp, mayAsk, inForce } = standing;
  const isClosed = (kind: MeasureKind) => isUsedUp || (inForce?.kind === kind && !inForce.isVoid);
  switch (exceededAction) {
    case 'notify':
      return null;
    case 'require_approval':
      return mayAsk && (isUsedUp || isRefusalToAskAbout(standing)) ? 'awaiting_approval' : null;
    case 'restrict':
      return isClosed('restricted') ? 'restricted' : null;
    case 'suspend':
      return isClosed('suspended') ? 'suspended' : null;
  }
}

/** Whoever is asked already is not bothered by what is released meanwhile: a request is not taken back for that. */
function isRefusalToAskAbout({ wasRefused, hasSpareIncrease, inForce }: Standing): boolean {
  return wasRefused && (!hasSpareIncrease || inForce?.kind === 'awaiting_approval');
}

/** Whether a refusal needs no answer, since an increase of which at least half is left is one. */
export function isAnsweredByIncrease({ wasRefused, hasSpareIncrease, inForce }: Standing): boolean {
  return wasRefused && hasSpareIncrease && inForce === null;
}

/**
 * Whether at least half of an increase is left. A large call right after an approval must not have people asked once more; a
 * small rest that fits nobody must not keep everybody out, either.
 * @param granted the last increase of the period; null: there was none
 */
export function isIncreaseSpare(
  granted: Amount | null,
  { settled, held, limit }: { settled: Amount; held: Amount; limit: Amount },
): boolean {
  if (granted === null) return false;
  const left = subtractAmounts(limit, addAmounts(settled, held));
  return compareAmounts(addAmounts(left, left), granted) >= 0;
}

export type Crossing = 'warning-crossed' | 'limit-reached';

/** Whether a crossing still says how the budget stands. One that comes late, after the next one or after more was given, does not. */
export function isStillTrue(
  crossing: Crossing,
  { settled, limit, warnAt }: { settled: Amount; limit: Amount; warnAt: Amount | null },
): boolean {
  const isUsedUp = compareAmounts(settled, limit) >= 0;
  if (crossing === 'limit-reached') return isUsedUp;
  return !isUsedUp && warnAt !== null && compareAmounts(settled, warnAt) >= 0;
}

/** How much of a limit was spent, in percent with two decimals; a limit of nothing is used up. */
export function percentUsed(spent: Amount, limit: Amount): number {
  return limit.isZero() ? 100 : multiplyAmounts(spent, 100).dividedBy(limit).toDecimalPlaces(2).toNumber();
}

/** What an alert says, in one sentence. Amounts are texts with their currency. */
export function alertMessage(
  type: AlertType,
  { budget, percent, spent, limit }: { budget: string; percent: number; spent: string; limit: string },
): string {
  const figures = `${spent} of ${limit}, ${percent} %`;
  switch (type) {
    case 'budget_warning':
      return `The budget “${budget}” has passed its warning threshold: ${figures}.`;
    case 'budget_exceeded':
      return `The budget “${budget}” is used up: ${figures}.`;
    case 'budget_increase_impossible':
      return `The budget “${budget}” needs an increase, and there is nobody who could agree to it: ${figures}.`;
  }
}
