import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, exactly } from '../platform/money.ts';
import { foldedQuery } from './folding.ts';
import { LATENCY_BUCKET_COUNT } from './rules/latency.ts';
import { TOKEN_COLUMNS, type TokenColumn } from './rules/token-kinds.ts';
import { splitHours } from './rules/split-hours.ts';
import { plainArray, timeArray } from '../platform/database/sql-arrays.ts';

/** Whose usage, and when: from a moment (included) to another (excluded). */
export interface UsageScope {
  readonly organization: string;
  /** Internal ids; null: the whole organization. */
  readonly teams: readonly string[] | null;
  /** Of these only; what is left out or null is not looked at. A model's name holds for its dated snapshots. */
  readonly of?: Readonly<Partial<Record<'person' | 'provider' | 'model' | 'currency', string | null>>>;
  readonly from: Date;
  readonly to: Date;
}

/** What sums can be divided by. Days are those of a time zone. */
export type Dimension = 'team' | 'person' | 'provider' | 'model' | { readonly day: string };

export interface UsageSums {
  /** One value per dimension, in the order that was asked for; a day as `2026-11-23`. */
  readonly keys: readonly string[];
  readonly currency: string;
  readonly events: number;
  readonly failures: number;
  /** Calls without a price as yet: `cost` says nothing of them. */
  readonly unpriced: number;
  readonly tokens: Readonly<Record<TokenColumn, number>>;
  readonly cost: Amount;
  readonly latency: { readonly count: number; readonly sumMs: number; readonly buckets: readonly number[] };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const COLUMNS = {
  team: 'team_id',
  person: 'person_id',
  provider: 'provider',
  model: 'model',
  currency: 'currency',
} as const;
const ONLY = ['person', 'provider', 'model', 'currency'] as const;
const ONLY_WITH = {
  person: 'person_id = ?',
  provider: 'provider = ?',
  model: 'countersign.is_model(?, model)',
  currency: 'currency = ?',
} as const;
const SUMMED = ['events', 'failures', 'unpriced', ...TOKEN_COLUMNS, 'latency_count', 'latency_sum'] as const;
const BUCKETS = Array.from({ length: LATENCY_BUCKET_COUNT }, (_, index) => `sum(latency_buckets[${index + 1}])`).join(
  ', ',
);
const DETAILS = `organization_id, team_id, person_id, provider, model, currency`;

/** A line of the ledger as if it were a rollup of its own, but for the histogram. */
const LINE_AS_ROLLUP = `
  select ${DETAILS}, occurred_at as hour,
    (kind in ('usage', 'settlement'))::int as events, (not success)::int as failures,
    (cost is null)::int - (kind = 'pricing')::int as unpriced,
    ${TOKEN_COLUMNS.join(', ')}, coalesce(cost, 0) as cost,
    (latency_ms is not null)::int as latency_count, coalesce(latency_ms, 0) as latency_sum, null::bigint[] as latency_buckets
  from countersign.ledger_lines`;

/**
 * Adds usage up, divided by the dimensions and always by currency; exact to the last digit. It reads rollups: of full days of UTC,
 * and of the hours at both ends. Only where a boundary is no full hour of UTC, as midnight is not in every time zone, the lines
 * of that one hour are read. Days of another time zone are put together from hours, and from the lines of those hours within which
 * a day begins.
 * @param dimensions none: totals
 * @param histogram whether `latency.buckets` is wanted, which takes as long as everything else
 * @param dearestIn a currency: only the dearest in it are told by name, and the others together (`folding.ts`)
 * @returns in no particular order; nothing where nothing was used
 */
export async function sumUsage(
  em: EntityManager,
  scope: UsageScope,
  dimensions: readonly Dimension[] = [],
  { histogram = true, dearestIn = null }: { histogram?: boolean; dearestIn?: string | null } = {},
): Promise<UsageSums[]> {
  const keys = dimensions.map(expressionOf);
  const source = sourceOf(scope, zonesOf(dimensions));
  // Keys become text only when little is left of the rows: to do it row by row would take longer than adding them up.
  const names = keys.map((_, index) => `k${index}`);
  const sums: Fragment = {
    sql: `select 0 as way, ${keys.map(({ sql }, index) => `${sql} as k${index}, `).join('')}currency,
         ${SUMMED.map((name) => `sum(${name})::float8 as ${name}`).join(', ')}, sum(cost) as cost,
         ${histogram ? `array[${BUCKETS}]` : 'array[]'}::float8[] as buckets
       from (${source.sql}) u group by ${[...names, 'currency'].join(', ')}`,
    values: [...keys.flatMap(({ values }) => values), ...source.values],
  };
  const told = dearestIn === null ? sums : folded(sums, dimensions, dearestIn, histogram);
  const rows = await em.execute<SumsRow[]>(
    `select array[${names.map((name) => `${name}::text`).join(', ')}]::text[] as keys, currency,
       ${SUMMED.join(', ')}, cost::text as cost, buckets
     from (${told.sql}) sums`,
    [...told.values],
  );
  return rows.map(sumsOf);
}

/**
 * Adds usage up in several ways at once, from one look at the rollups: first by everything that is asked for, and what is
 * left of the rows then once more for each way. Without latencies' histogram.
 * @param ways each a list of dimensions, as `sumUsage` takes them; all different
 * @param dearestIn as `sumUsage` takes it
 * @returns the sums of each way, in the order of the ways
 */
export async function sumUsageInWays(
  em: EntityManager,
  scope: UsageScope,
  ways: readonly (readonly Dimension[])[],
  { dearestIn = null }: { dearestIn?: string | null } = {},
): Promise<UsageSums[][]> {
  const dimensions = [...new Set(ways.flat())];
  const keys = dimensions.map(expressionOf);
  const names = keys.map((_, index) => `k${index}`);
  const nameOf = (dimension: Dimension) => names[dimensions.indexOf(dimension)] ?? '';
  const source = sourceOf(scope, zonesOf(dimensions));
  const sets = ways.map((way) => `(${[...way.map(nameOf), 'currency'].join(', ')})`);
  // grouping() has a bit for each dimension that a row was not divided by (PostgreSQL, 9.21).
  const sums: Fragment = {
    sql: `select ${names.length === 0 ? '0' : `grouping(${names.join(', ')})`} as way,
       ${names.map((name) => `${name}, `).join('')}currency,
       ${SUMMED.map((name) => `sum(${name})::float8 as ${name}`).join(', ')}, sum(cost) as cost, array[]::float8[] as buckets
     from (
       select ${keys.map(({ sql }, index) => `${sql} as k${index}, `).join('')}currency,
         ${SUMMED.map((name) => `sum(${name}) as ${name}`).join(', ')}, sum(cost) as cost
       from (${source.sql}) u group by ${[...names, 'currency'].join(', ')}
     ) sums group by grouping sets (${sets.join(', ')})`,
    values: [...keys.flatMap(({ values }) => values), ...source.values],
  };
  const told = dearestIn === null ? sums : folded(sums, dimensions, dearestIn, false);
  const rows = await em.execute<(SumsRow & { readonly way: number })[]>(
    `select way, array[${names.map((name) => `${name}::text`).join(', ')}]::text[] as keys, currency,
       ${SUMMED.join(', ')}, cost::text as cost, buckets
     from (${told.sql}) told`,
    [...told.values],
  );
  return ways.map((way) => {
    const mask = dimensions.reduce((bits, dimension) => bits * 2 + (way.includes(dimension) ? 0 : 1), 0);
    const places = way.map((dimension) => dimensions.indexOf(dimension));
    return rows
      .filter((row) => row.way === mask)
      .map((row) => sumsOf({ ...row, keys: places.map((place) => row.keys[place] ?? '') }));
  });
}

/** What was spent on a day of a time zone, such as `2026-11-23`. */
export interface DailySpending {
  readonly day: string;
  readonly currency: string;
  readonly cost: Amount;
}

/**
 * Adds cost alone up by day. Hours are added up first: to find the day of every row takes three times as long, and the planner
 * sorts all of them, since it cannot tell how many days there are.
 * @returns in no particular order
 */
export async function costsByDay(em: EntityManager, scope: UsageScope, timezone: string): Promise<DailySpending[]> {
  const source = sourceOf(scope, [timezone]);
  const rows = await em.execute<{ day: string; currency: string; cost: string }[]>(
    `select (hour at time zone ?)::date::text as day, currency, sum(cost)::text as cost
     from (select hour, currency, sum(cost) as cost from (${source.sql}) u group by hour, currency) hours group by 1, 2`,
    [timezone, ...source.values],
  );
  return rows.map(({ day, currency, cost }) => ({ day, currency, cost: exactly(cost) }));
}

/**
 * Adds cost alone up for each of several stretches of time, in one round trip.
 * @param scope whose currency is one: amounts are not told apart
 * @returns in the order of the stretches
 */
export async function costsOfStretches(
  em: EntityManager,
  scope: Omit<UsageScope, 'from' | 'to'> & { readonly of: { readonly currency: string } },
  stretches: readonly { readonly from: Date; readonly until: Date }[],
): Promise<Amount[]> {
  const sources = stretches.map(({ from, until }) => sourceOf({ ...scope, from, to: until }, []));
  const parts = sources.map(({ sql }, index) => `select ${index} as stretch, cost from (${sql}) s`);
  const rows = await em.execute<{ stretch: number; cost: string }[]>(
    `select stretch, sum(cost)::text as cost from (${parts.join(' union all ')}) parts group by stretch`,
    sources.flatMap(({ values }) => values),
  );
  const costs = new Map(rows.map(({ stretch, cost }) => [stretch, exactly(cost)]));
  return stretches.map((_, index) => costs.get(index) ?? exactly(0));
}

function folded(sums: Fragment, dimensions: readonly Dimension[], currency: string, histogram: boolean): Fragment {
  const added = [...SUMMED, 'cost'].map((name) => [name, `sum(${name})`] as const);
  const buckets = Array.from({ length: LATENCY_BUCKET_COUNT }, (_, index) => `sum(buckets[${index + 1}])`).join(', ');
  const query = foldedQuery(sums.sql, dimensions, [
    ...added,
    ['buckets', `array[${histogram ? buckets : ''}]::float8[]`],
  ]);
  if (query.currencies === 0) return sums;
  return { sql: query.sql, values: [...Array.from({ length: query.currencies }, () => currency), ...sums.values] };
}

interface Fragment {
  readonly sql: string;
  readonly values: readonly (string | Date)[];
}

function expressionOf(dimension: Dimension): Fragment {
  return typeof dimension === 'string'
    ? { sql: COLUMNS[dimension], values: [] }
    : { sql: '(hour at time zone ?)::date', values: [dimension.day] };
}

/** The time zones whose days sums are divided by. */
function zonesOf(dimensions: readonly Dimension[]): string[] {
  return dimensions.flatMap((dimension) => (typeof dimension === 'string' ? [] : [dimension.day]));
}

function isUtc(timezone: string): boolean {
  return timezone === 'UTC' || timezone === 'Etc/UTC';
}

const ROLLUP = `${DETAILS}, hour, ${SUMMED.join(', ')}, cost, latency_buckets`;
const OF_DAYS = `select ${ROLLUP} from (select *, day as hour from countersign.usage_days) d`;
const OF_HOURS = `select ${ROLLUP} from countersign.usage_rollups`;
const OF_LINES = `select ${ROLLUP} from (${LINE_AS_ROLLUP}) l`;

/**
 * Rollups of full days and hours, and lines of what is left at both ends, each with the moment it begins as `hour`.
 * @param zones that days are told apart by: where all are UTC's, full days are read as a whole; where one is a part of an hour off
 *   UTC, the hours that belong to two days are read line by line
 */
function sourceOf({ organization, teams, of = {}, from, to }: UsageScope, zones: readonly string[]): Fragment {
  const wanted: Fragment[] = [
    { sql: 'organization_id = ?', values: [organization] },
    ...(teams === null ? [] : [{ sql: 'team_id = any(?::uuid[])', values: [plainArray(teams)] }]),
    ...ONLY.flatMap((name) => (of[name] == null ? [] : [{ sql: ONLY_WITH[name], values: [of[name]] }])),
  ];
  const whose: Fragment = {
    sql: wanted.map(({ sql }) => sql).join(' and '),
    values: wanted.flatMap(({ values }) => values),
  };
  const read = (select: string, when: string, values: Fragment['values']): Fragment => ({
    sql: `${select} where ${whose.sql} and ${when}`,
    values: [...whose.values, ...values],
  });
  const between = (select: string, low: Date, high: Date): Fragment[] =>
    low < high ? [read(select, 'hour >= ? and hour < ?', [low, high])] : [];
  const lines = (low: Date, high: Date) => between(OF_LINES, low, high);
  const fullHours = (low: Date, high: Date): Fragment[] => {
    const split = zones.filter((zone) => !isUtc(zone)).flatMap((zone) => splitHours(zone, low, high));
    if (split.length === 0) return between(OF_HOURS, low, high);
    const within = split.map(() => 'hour >= ? and hour < ?').join(' or ');
    return [
      read(OF_HOURS, 'hour >= ? and hour < ? and hour <> all(?::timestamptz[])', [low, high, timeArray(split)]),
      read(
        OF_LINES,
        `(${within})`,
        split.flatMap((hour) => [hour, new Date(hour.getTime() + HOUR_MS)]),
      ),
    ];
  };
  const hours = (low: Date, high: Date) => inFull(HOUR_MS, low, high, fullHours, lines);
  const parts = zones.every(isUtc)
    ? inFull(DAY_MS, from, to, (a, b) => between(OF_DAYS, a, b), hours)
    : hours(from, to);
  if (parts.length === 0) return { sql: `${OF_HOURS} where false`, values: [] };
  return { sql: parts.map(({ sql }) => sql).join(' union all '), values: parts.flatMap(({ values }) => values) };
}

/** Reads whatever is full in one way, and what is left at both ends in another. */
function inFull(
  lengthMs: number,
  from: Date,
  to: Date,
  full: (from: Date, to: Date) => Fragment[],
  rest: (from: Date, to: Date) => Fragment[],
): Fragment[] {
  const first = new Date(Math.ceil(from.getTime() / lengthMs) * lengthMs);
  const last = new Date(Math.floor(to.getTime() / lengthMs) * lengthMs);
  return first >= last ? rest(from, to) : [...rest(from, first), ...full(first, last), ...rest(last, to)];
}

type SumsRow = Readonly<Record<(typeof SUMMED)[number], number>> & {
  readonly keys: string[];
  readonly currency: string;
  readonly cost: string;
  readonly buckets: (number | null)[];
};

function sumsOf(row: SumsRow): UsageSums {
  const tokens = Object.fromEntries(TOKEN_COLUMNS.map((kind) => [kind, row[kind]])) as Record<TokenColumn, number>;
  return {
    keys: row.keys,
    currency: row.currency,
    events: row.events,
    failures: row.failures,
    unpriced: row.unpriced,
    tokens,
    cost: exactly(row.cost),
    latency: { count: row.latency_count, sumMs: row.latency_sum, buckets: row.buckets.map((count) => count ?? 0) },
  };
}
