import type { Amount } from '../../../platform/money.ts';
import type { TokenColumn } from '../../../usage/rules/token-kinds.ts';
import type { Interval, Projection } from '../projection/project.ts';

export const CATEGORIES = [
  'model_optimization',
  'provider_switch',
  'prompt_caching',
  'batching',
  'failed_requests',
  'unpriced_usage',
  'budget',
] as const;
export type Category = (typeof CATEGORIES)[number];

export interface ModelName {
  readonly provider: string;
  readonly model: string;
}

/** What was used of a model in a period, and what it cost, in one currency. */
export interface ModelUse extends ModelName {
  readonly requests: number;
  readonly failures: number;
  readonly unpriced: number;
  readonly tokens: Readonly<Record<TokenColumn, number>>;
  readonly cost: Amount;
}

/** What the same tokens would cost at the prices of one day, in the same currency; null: there is no price. */
export interface Quotes {
  readonly asUsed: Amount | null;
  readonly batched: Amount | null;
  /** With half of the input tokens read from a cache, where fewer were. */
  readonly halfCached: Amount | null;
  /** With smaller models of the same generation. */
  readonly siblings: readonly (ModelName & { readonly cost: Amount })[];
  /** With the same model at other providers. */
  readonly elsewhere: readonly (ModelName & { readonly cost: Amount })[];
}

export interface QuotedUse {
  readonly use: ModelUse;
  readonly quotes: Quotes;
}

/** What can be done about a cost. Amounts are in the team's currency, for a whole billing period. */
export interface Recommendation {
  readonly priority: 'high' | 'medium' | 'low';
  readonly category: Category;
  readonly from: ModelName;
  readonly to: ModelName | null;
  readonly savings: number;
  readonly interval: Interval;
  readonly effort: 'easy' | 'moderate' | 'hard';
  /** What was looked at and what is assumed. */
  readonly message: string;
}

/** What becomes of a saving by the end of the period, if use goes on as it is projected. */
export interface Outlook {
  readonly spent: number;
  readonly projection: Projection;
  /** Whether there is nothing left to be spent in the period. */
  readonly isOver: boolean;
  /** The day whose prices were asked, such as `2026-11-16`. */
  readonly pricedOn: string;
}

/** Scales what would have been saved so far to the whole period. */
export function overPeriod(
  savedSoFar: number,
  { spent, projection }: Outlook,
): { readonly savings: number; readonly interval: Interval } {
  const scale = (end: number) => (spent > 0 ? (savedSoFar * end) / spent : 0);
  return {
    savings: scale(projection.cost),
    interval: [scale(projection.interval80[0]), scale(projection.interval80[1])],
  };
}

const HIGH = 0.1;
const MEDIUM = 0.03;

/** By the part of the period's cost that it saves. */
export function priorityOf(savings: number, { projection }: Outlook): Recommendation['priority'] {
  const part = projection.cost > 0 ? savings / projection.cost : 0;
  if (part >= HIGH) return 'high';
  return part >= MEDIUM ? 'medium' : 'low';
}
