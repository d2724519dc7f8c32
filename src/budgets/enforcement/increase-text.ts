import { type Amount, exactly, formatAmount } from '../../platform/money.ts';
import type { PeriodStanding } from './period-standing.ts';

/**
 * Why more is asked for, and what becomes of the limit, as those read it who are asked.
 * @param increase by how much the limit is to be raised; a decimal
 */
export function describeIncrease(
  stands: Pick<PeriodStanding, 'settled' | 'left'> & {
    readonly budget: { readonly currency: string };
    readonly period: Pick<PeriodStanding['period'], 'endsAt' | 'limitAmount' | 'refusedAmount'>;
    readonly standing: { readonly isUsedUp: boolean };
  },
  increase: string,
): string {
  const { period, settled, left, standing } = stands;
  const money = (amount: Amount) => `${formatAmount(amount)} ${stands.budget.currency}`;
  const limit = exactly(period.limitAmount);
  const refused = period.refusedAmount == null ? '' : ` of ${money(exactly(period.refusedAmount))}`;
  const why = standing.isUsedUp
    ? `The budget is used up: ${money(settled)} of ${money(limit)} are spent.`
    : `A reservation${refused} did not fit into the budget: ${money(left)} of ${money(limit)} were left when this was asked.`;
  return `${why} Approved, the limit is ${money(limit.plus(increase))} instead until ${period.endsAt.toISOString()}; rejected, it stays, and nobody is asked again in this period.`;
}
