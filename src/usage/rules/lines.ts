import type { Amount } from '../../platform/money.ts';
import type { PricedBy } from './prices.ts';
import type { TokenCounts } from './token-kinds.ts';

/** `pricing` is the first price of a line that had none, `correction` the difference to a price that was wrong. */
export type LineKind = 'usage' | 'settlement' | 'pricing' | 'correction';

/** What somebody says that a call has cost. */
export interface StatedCost {
  readonly value: Amount;
  readonly currency: string;
}

/** A line of the ledger. Team and person are internal ids. */
export interface Line {
  readonly id: string;
  readonly team: string;
  readonly person: string;
  readonly provider: string;
  readonly model: string;
  readonly kind: LineKind;
  /** None for lines that only change a price. */
  readonly tokens: TokenCounts;
  readonly batched: boolean;
  /** Null: one that price lists tell the price of. */
  readonly serviceTier: string | null;
  /** Null: not priced yet. */
  readonly cost: Amount | null;
  readonly currency: string;
  /** What the cost was converted from, where it was stated in another currency. */
  readonly stated: StatedCost | null;
  readonly priceVersion: string | null;
  readonly pricedBy: PricedBy | null;
  readonly latencyMs: number | null;
  readonly success: boolean;
  readonly occurredAt: Date;
  /** The line whose price this one changes. */
  readonly corrects: string | null;
}

/** Whether the line tells of a call, rather than of the price of one. */
export function isCall({ kind }: Pick<Line, 'kind'>): boolean {
  return kind === 'usage' || kind === 'settlement';
}
