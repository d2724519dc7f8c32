import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../platform/database/tenant-table.ts';
import type { LineKind } from './rules/lines.ts';
import type { PricedBy } from './rules/prices.ts';
import type { RatesDocument } from './rules/rates.ts';

const money = () => p.decimal('string').columnType('numeric(38,12)');
const count = () => p.bigint('number');

/** Token counts that every line and every rollup has; `rules/token-kinds.ts` says what they mean. */
const tokenColumns = {
  inputTokens: count(),
  cachedInputTokens: count(),
  cacheWriteTokens: count(),
  inputAudioTokens: count(),
  outputTokens: count(),
  reasoningTokens: count(),
  outputAudioTokens: count(),
};

/**
 * Which events were booked: a unique key cannot span the months of the ledger, so it stands here. Both hashes are keyed,
 * since what a caller chose as an id may say something about a person.
 */
export const UsageId = defineEntity({
  name: 'UsageId',
  tableName: 'usage_ids',
  ...tenantTable(),
  primaryKeys: ['organization', 'key'],
  indexes: [{ properties: ['occurredAt'], type: 'brin' }],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    /** Hash of `(source, id)`. */
    key: p.uuid().primary(),
    /** Hash of everything else the event says. */
    content: p.uuid(),
    /** The request that brought it. */
    batch: p.uuid(),
    occurredAt: p.datetime(),
  },
});
export type UsageId = InferEntity<typeof UsageId>;

/** What was spent, line by line and for good; partitioned by the month in which it was spent. */
export const LedgerLine = defineEntity({
  name: 'LedgerLine',
  tableName: 'ledger_lines',
  ...tenantTable(),
  primaryKeys: ['organization', 'id', 'occurredAt'],
  indexes: [
    { properties: ['occurredAt'], type: 'brin' },
    { name: 'ledger_lines_corrects', properties: ['corrects'], where: 'corrects is not null' },
  ],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    id: p.uuid().primary(),
    team: p.uuid().fieldName('team_id'),
    person: p.uuid().fieldName('person_id'),
    provider: p.text(),
    model: p.text(),
    kind: p.text().$type<LineKind>(),
    ...tokenColumns,
    /** Kinds of tokens that few lines have. */
    otherTokens: p.json<Readonly<Record<string, number>>>().nullable(),
    /** Whether the provider's batch API was used, which has prices of its own. */
    batched: p.boolean(),
    /** Null: one that price lists tell the price of. */
    serviceTier: p.text().nullable(),
    /** Null: not priced yet. */
    cost: money().nullable(),
    /** The team's. */
    currency: p.text(),
    /** What the cost was converted from, where it was stated in another currency. */
    statedCost: money().nullable(),
    statedCurrency: p.text().nullable(),
    priceVersion: p.text().nullable(),
    pricedBy: p.text().$type<PricedBy>().nullable(),
    latencyMs: p.integer().nullable(),
    success: p.boolean(),
    occurredAt: p.datetime().primary(),
    recordedAt: p.datetime(),
    /** The line whose price this one changes. */
    corrects: p.uuid().nullable(),
    batch: p.uuid(),
  },
});
export type LedgerLine = InferEntity<typeof LedgerLine>;

const sumsOfUsage = {
  events: count(),
  failures: count(),
  /** Lines that have no price yet. */
  unpriced: count(),
  ...tokenColumns,
  cost: money(),
  latencyCount: count(),
  latencySum: count(),
  /** One count per bucket of `rules/latency.ts`. */
  latencyBuckets: p.array().$type<string[]>().columnType('bigint[]'),
};

/** Sums of the ledger per hour, kept in the transaction that adds the lines. */
export const UsageRollup = defineEntity({
  name: 'UsageRollup',
  tableName: 'usage_rollups',
  ...tenantTable(),
  primaryKeys: ['organization', 'team', 'hour', 'person', 'provider', 'model', 'currency'],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    team: p.uuid().fieldName('team_id').primary(),
    hour: p.datetime().primary(),
    person: p.uuid().fieldName('person_id').primary(),
    provider: p.text().primary(),
    model: p.text().primary(),
    currency: p.text().primary(),
    ...sumsOfUsage,
  },
});
export type UsageRollup = InferEntity<typeof UsageRollup>;

/** The same per day of UTC. */
export const UsageDay = defineEntity({
  name: 'UsageDay',
  tableName: 'usage_days',
  ...tenantTable(),
  primaryKeys: ['organization', 'team', 'day', 'person', 'provider', 'model', 'currency'],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    team: p.uuid().fieldName('team_id').primary(),
    /** Its beginning. */
    day: p.datetime().primary(),
    person: p.uuid().fieldName('person_id').primary(),
    provider: p.text().primary(),
    model: p.text().primary(),
    currency: p.text().primary(),
    ...sumsOfUsage,
  },
});
export type UsageDay = InferEntity<typeof UsageDay>;

/** An organization's own price of a model; every change is a new version. */
export const PriceRate = defineEntity({
  name: 'PriceRate',
  tableName: 'price_rates',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'provider', 'model', 'version'] }],
  properties: {
    ...tenantColumns,
    provider: p.text(),
    model: p.text(),
    version: p.integer(),
    rates: p.json<RatesDocument>(),
    effectiveFrom: p.datetime(),
    createdAt: p.datetime(),
  },
});
export type PriceRate = InferEntity<typeof PriceRate>;

/** What one unit of a currency is worth in another, as the organization books it; every change is a new version. */
export const ExchangeRate = defineEntity({
  name: 'ExchangeRate',
  tableName: 'exchange_rates',
  ...tenantTable(),
  indexes: [{ name: 'exchange_rates_begin', properties: ['organization', 'fromCurrency', 'effectiveFrom'] }],
  uniques: [{ properties: ['organization', 'fromCurrency', 'toCurrency', 'version'] }],
  properties: {
    ...tenantColumns,
    fromCurrency: p.text(),
    toCurrency: p.text(),
    version: p.integer(),
    rate: money(),
    effectiveFrom: p.datetime(),
    createdAt: p.datetime(),
  },
});
export type ExchangeRate = InferEntity<typeof ExchangeRate>;

/** Lines that are to be priced again, and how far that has got. Gone when it is done. */
export const Rerating = defineEntity({
  name: 'Rerating',
  tableName: 'reratings',
  ...tenantTable(),
  indexes: [{ properties: ['organization'] }],
  properties: {
    ...tenantColumns,
    /** Null: every provider, as a new exchange rate concerns. */
    provider: p.text().nullable(),
    model: p.text().nullable(),
    /** Only what was spent from this moment on. */
    occurredFrom: p.datetime(),
    /** The last line that was looked at. */
    reached: p.uuid().nullable(),
    /** The one that does it along with its own. */
    joinedTo: p.uuid().nullable(),
    createdAt: p.datetime(),
  },
});
export type Rerating = InferEntity<typeof Rerating>;
