import { LATENCY_BUCKETS_MS } from '../../../src/usage/rules/latency.ts';
import { TOKEN_COLUMNS } from '../../../src/usage/rules/token-kinds.ts';

const KEY = ['team_id', 'hour', 'person_id', 'provider', 'model', 'currency'];
const ORDER = KEY.join(', ');
const CALLS = `kind in ('usage', 'settlement')`;
const BOUNDS = [-1, ...LATENCY_BUCKETS_MS];
const BUCKETS = BOUNDS.map(
  (low, index) =>
    `count(*) filter (where latency_ms > ${low}${index < LATENCY_BUCKETS_MS.length ? ` and latency_ms <= ${LATENCY_BUCKETS_MS[index]}` : ''})`,
);

const countedAnew = (length: 'hour' | 'day') => `
  select team_id, date_trunc('${length}', occurred_at, 'UTC') as hour, person_id, provider, model, currency,
    count(*) filter (where ${CALLS}) as events, count(*) filter (where ${CALLS} and not success) as failures,
    count(*) filter (where cost is null) - count(*) filter (where kind = 'pricing') as unpriced, ${TOKEN_COLUMNS.map((kind) => `sum(${kind}) as ${kind}`).join(', ')},
    coalesce(sum(cost), 0)::text as cost, count(latency_ms) as latency_count, coalesce(sum(latency_ms), 0) as latency_sum, array[${BUCKETS.join(', ')}] as latency_buckets
  from countersign.ledger_lines group by 1, 2, 3, 4, 5, 6`;

const kept = (table: string, from: string) => `
  select team_id, ${from} as hour, person_id, provider, model, currency, events, failures, unpriced, ${TOKEN_COLUMNS.join(', ')}, cost::text as cost, latency_count, latency_sum, latency_buckets
  from countersign.${table}`;

/** The rollups as they have to be, counted anew from the ledger: those of hours, and those of days. */
export const ROLLUPS_OF_LEDGER = inBoth(countedAnew('hour'), countedAnew('day'));

export const ROLLUPS = inBoth(kept('usage_rollups', 'hour'), kept('usage_days', 'day'));

function inBoth(hours: string, days: string): string {
  return `select 'hour' as length, h.* from (${hours}) h union all select 'day', d.* from (${days}) d order by length, ${ORDER}`;
}

/** Sums are written with the digits that they have: 1.50 and 1.500000000000 are the same amount. */
export function comparable(rows: readonly Record<string, unknown>[]): unknown[] {
  return rows.map((row) => ({
    ...row,
    cost: String(row['cost'])
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, ''),
    ...Object.fromEntries(TOKEN_COLUMNS.map((kind) => [kind, String(row[kind])])),
  }));
}
