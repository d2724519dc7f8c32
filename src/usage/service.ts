/** The door of this room: what other features may use. */
export { allocatePool } from './allocation-service.ts';
export { UsageBooking } from './booking.ts';
export { Catalogue, type Offer } from './catalogue.ts';
export { costIn } from './converted-sums.ts';
export type { ExchangeRateFollower } from './exchange-follower.ts';
export { OutdatedLists } from './outdated-lists.ts';
export { ALL_OTHERS, peopleIn } from './folding.ts';
export { PriceBook } from './price-book.ts';
export { readRates } from './rate-store.ts';
export { costsByDay, sumUsage, sumUsageInWays, type UsageSums } from './reads.ts';
export { Rejection } from './rejection.ts';
export type { SpendSink } from './spend-sink.ts';
export { UsageUpkeep } from './upkeep.ts';
