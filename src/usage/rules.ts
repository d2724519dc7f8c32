/** The rules of prices, rollups and shared costs, for other features. */
export { ALLOCATION_METHODS, type AllocatedShare, allocate, type AllocationMethod, type Sharer } from './rules/allocation.ts';
export { LATENCY_BUCKETS_MS, latencyPercentile } from './rules/latency.ts';
export type { Line, LineKind } from './rules/lines.ts';
export { type PricedBy, priceOf, type RateCard } from './rules/prices.ts';
export { type Rollup, rollupsOf, type Spend, spendsOf } from './rules/rollup.ts';
export { ALL_TOKEN_KINDS, TOKEN_COLUMNS, type TokenColumn, type TokenCounts, type TokenKind } from './rules/token-kinds.ts';
