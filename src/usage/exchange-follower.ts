import type { Transaction } from '../platform/unit-of-work.ts';

export interface CurrencyPair {
  readonly from: string;
  readonly to: string;
}

/**
 * Told of each new version of an exchange rate, in the transaction that makes it and after the row is written. Nothing is
 * booked in the organization meanwhile. Features above, such as budgets, count with it.
 */
export interface ExchangeRateFollower {
  exchangeRateChanged(tx: Transaction, pair: CurrencyPair): Promise<void>;
}
