import type { Transaction } from '../platform/unit-of-work.ts';
import type { Spend } from './rules/rollup.ts';

/**
 * Told what was spent, in the transaction that books it and after its last lock on a rollup. Features above, such as
 * budgets, count with it.
 */
export interface SpendSink {
  /** @param spends at least one; a corrected price makes some of them negative */
  booked(tx: Transaction, spends: readonly Spend[]): Promise<void>;
}
