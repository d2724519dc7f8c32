import { exactly, formatAmount } from '../../platform/money.ts';
import type { Budget, BudgetAlert } from '../entities.ts';
import { alertMessage, type AlertType, percentUsed } from '../rules.ts';

/** An alert as callers see it. Threshold and value are percent of the limit. */
export interface AlertView {
  readonly id: string;
  readonly type: AlertType;
  /** The budget's name. */
  readonly budget: string;
  readonly threshold: number;
  readonly current_value: number;
  readonly message: string;
  readonly created_at: string;
}

/** What is said of an alert, with the figures of the moment in which it was made. */
export function presentAlert(
  { id, type, threshold, spent, limitAmount, createdAt }: BudgetAlert,
  { name, currency }: Pick<Budget, 'name' | 'currency'>,
): AlertView {
  const percent = percentUsed(exactly(spent), exactly(limitAmount));
  const amount = (value: string) => `${formatAmount(exactly(value))} ${currency}`;
  return {
    id,
    type,
    budget: name,
    threshold: Number(threshold),
    current_value: percent,
    message: alertMessage(type, { budget: name, percent, spent: amount(spent), limit: amount(limitAmount) }),
    created_at: createdAt.toISOString(),
  };
}
