import { addAmounts, type Amount, exactly } from '../platform/money.ts';
import type { UsageSums } from './reads.ts';

/** Exact sums of cost by currency. */
export function costsOf(sums: readonly UsageSums[]): Map<string, Amount> {
  const costs = new Map<string, Amount>();
  for (const { currency, cost } of sums) costs.set(currency, addAmounts(costs.get(currency) ?? exactly(0), cost));
  return costs;
}
