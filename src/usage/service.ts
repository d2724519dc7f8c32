/** The door of this room: what other features may use. */
export { allocatePool } from './allocation-service.ts';
export { UsageBooking } from './booking.ts';
export { adoptCatalogue } from './catalogue-adoption.ts';
export { Catalogue } from './catalogue.ts';
export { PriceBook } from './price-book.ts';
export { readRates } from './rate-store.ts';
export { sumUsage } from './reads.ts';
export { Rejection } from './rejection.ts';
export type { SpendSink } from './spend-sink.ts';
