/** The door of this room: what other features may use. */
export { allocatePools } from './allocation-service.ts';
export { UsageBooking } from './booking.ts';
export { Catalogue } from './catalogue.ts';
export { costIn } from './converted-sums.ts';
export type { ExchangeRateFollower } from './exchange-follower.ts';
export { costsOf } from './costs-of.ts';
export { ALL_OTHERS, peopleIn } from './folding.ts';
export { type HostedModel, ModelHosts } from './model-hosts.ts';
export { OutdatedLists } from './outdated-lists.ts';
export { PriceBook } from './price-book.ts';
export { readRates } from './rate-store.ts';
export { costsByDay, sumUsage, sumUsageInWays, type UsageSums } from './reads.ts';
export { Rejection } from './rejection.ts';
export type { SpendSink } from './spend-sink.ts';
export { UsageUpkeep } from './upkeep.ts';
