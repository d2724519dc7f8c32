import { addAmounts, type Amount, compareAmounts, exactly, subtractAmounts } from '../../platform/money.ts';
import type { BudgetState, ExceededAction, MeasureKind } from './model.ts';

/** The figures of one period. */
export interface Figures {
  readonly limit: Amount;
  readonly warnAt: Amount | null;
  readonly settled: Amount;
  readonly held: Amount;
  readonly exceededAction: ExceededAction;
}

/**
 * What is left to be reserved; never below zero, and nothing where a measure has closed the budget: what is left above the
 * limit for the models that go on under a restriction is not counted.
 */
export function availableOf(
  { limit, settled, held }: Pick<Figures, 'limit' | 'settled' | 'held'>,
  measure: MeasureKind | null = null,
): Amount {
  if (measure === 'suspended' || measure === 'restricted') return exactly(0);
  const left = subtractAmounts(limit, addAmounts(settled, held));
  return left.isNegative() ? exactly(0) : left;
}

/** The highest threshold that what was spent has reached. Money that is only held crosses none. */
export function crossingOf({
  settled,
  limit,
  warnAt,
}: Pick<Figures, 'settled' | 'limit' | 'warnAt'>): 'none' | 'warning' | 'limit' {
  if (compareAmounts(settled, limit) >= 0) return 'limit';
  return warnAt !== null && compareAmounts(settled, warnAt) >= 0 ? 'warning' : 'none';
}

/**
 * How a budget stands in its current period, as callers see it.
 * @param measure what the enforcement has taken, if anything
 */
export function stateOf(figures: Figures, measure: MeasureKind | null = null): BudgetState {
  if (measure !== null) return measure;
  switch (crossingOf(figures)) {
    case 'none':
      return 'open';
    case 'warning':
      return 'warning';
    case 'limit':
      return pastLimit(figures.exceededAction);
  }
}

function pastLimit(action: ExceededAction): BudgetState {
  if (action === 'restrict') return 'restricted';
  return action === 'suspend' ? 'suspended' : 'exceeded';
}
