import { executeBound } from '../platform/database/bound.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { Spend } from '../usage/rules/rollup.ts';
import type { SpendSink } from '../usage/service.ts';

/** Counts in every budget what usage books, in the same transaction. */
export class BudgetSpendSink implements SpendSink {
  async booked({ em, at }: Transaction, spends: readonly Spend[]): Promise<void> {
    const rows = spends.map(({ from, cost, ...place }) => ({ ...place, cost: cost.toFixed(), at: from }));
    await executeBound(em, 'select countersign.spend(?::jsonb, ?::timestamptz)', [JSON.stringify(rows), at]);
  }
}
