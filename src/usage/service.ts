/** The door of this room: what other features may use. */
export { allocatePool } from './allocation-service.ts';
export { UsageBooking } from './booking.ts';
export { adoptCatalogue } from './catalogue-adoption.ts';
export { Catalogue, type Offer } from './catalogue.ts';
export { costIn } from './converted-sums.ts';
export type { ExchangeRateFollower } from './exchange-follower.ts';
export { PriceBook } from './price-book.ts';
export { readRates } from './rate-store.ts';
export { costsByDay, sumUsage, sumUsageInWays, type UsageSums } from './reads.ts';
export { Rejection } from './rejection.ts';
export type { SpendSink } from './spend-sink.ts';
