/** The door of this room: what other features may use. */
export { allocatePool, type PoolAllocation, type SharedPool } from './allocation-service.ts';
export { type BookedBatch, type Incoming, type Outcome, UsageBooking } from './booking.ts';
export { Catalogue } from './catalogue.ts';
export { PriceBook, type Price } from './price-book.ts';
export { holdPrices, readRates } from './rate-store.ts';
export { type Dimension, sumUsage, type UsageScope, type UsageSums } from './reads.ts';
export { presentRejection, Rejection } from './rejection.ts';
export type { SpendSink } from './spend-sink.ts';
