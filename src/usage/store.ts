import type { EntityManager } from '@mikro-orm/postgresql';
import { executeBound } from '../platform/database/bound.ts';
import { amountArray, plainArray, textArray, timeArray } from '../platform/database/sql-arrays.ts';
import type { EventIdentity } from './event-identity.ts';
import { LATENCY_BUCKET_COUNT } from './rules/latency.ts';
import type { Line } from './rules/lines.ts';
import { daysOf, type Rollup } from './rules/rollup.ts';
import { OTHER_TOKEN_KINDS, TOKEN_COLUMNS } from './rules/token-kinds.ts';

export interface KnownEvent {
  readonly key: string;
  readonly content: string;
  readonly batch: string;
}

/**
 * Notes which events are booked by this transaction.
 * @param events with different keys
 * @returns the keys that are new; whoever else books one of them at this moment was waited for
 */
export async function claimEvents(
  em: EntityManager,
  organization: string,
  batch: string,
  events: readonly { readonly identity: EventIdentity; readonly occurredAt: Date }[],
): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  // In the order of their keys: two requests with the same events would wait for each other otherwise.
  const rows = await executeBound<{ key: string }>(
    em,
    `insert into countersign.usage_ids (organization_id, key, content, batch, occurred_at)
     select ?::uuid, key, content, ?::uuid, occurred_at from unnest(?::uuid[], ?::uuid[], ?::timestamptz[]) as new(key, content, occurred_at) order by key
     on conflict do nothing returning key`,
    [
      organization,
      batch,
      plainArray(events.map(({ identity }) => identity.key)),
      plainArray(events.map(({ identity }) => identity.content)),
      timeArray(events.map(({ occurredAt }) => occurredAt)),
    ],
  );
  return new Set(rows.map((row) => row.key));
}

/** What is known of events that were booked before. */
export async function knownEvents(
  em: EntityManager,
  organization: string,
  keys: readonly string[],
): Promise<Map<string, KnownEvent>> {
  if (keys.length === 0) return new Map();
  const rows = await em.execute<KnownEvent[]>(
    'select key, content, batch from countersign.usage_ids where organization_id = ? and key = any(?::uuid[])',
    [organization, plainArray(keys)],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

interface Columns {
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly values: readonly string[];
}

/**
 * Appends lines to the ledger and adds them to the rollups: first hours, then days, each in the order of their keys, so that
 * nobody waits in a circle.
 * @param rollups the lines' hours, in the order of their keys
 */
export async function writeLines(
  em: EntityManager,
  organization: string,
  batch: string,
  at: Date,
  lines: readonly Line[],
  rollups: readonly Rollup[],
): Promise<void> {
  if (lines.length === 0) return;
  const { subjects, subjectOf } = subjectsOf(lines);
  const [shared, ledger] = [subjectColumns(subjects), lineColumns(lines)];
  const hours = addition('usage_rollups', 'hour', organization, rollups);
  await executeBound(
    em,
    `with lines as (
       insert into countersign.ledger_lines (organization_id, batch, recorded_at, ${[...shared.names, ...ledger.names].join(', ')})
       select ?::uuid, ?::uuid, ?::timestamptz, ${[...shared.names.map((name) => `subject.${name}`), ...ledger.names.map((name) => `new.${name}`)].join(', ')}
       from ${unnest(ledger, { name: 'nr', type: 'int' })} join unnest(${castsOf(shared.types)}) with ordinality as subject(${shared.names.join(', ')}, nr) using (nr)
     )
     ${hours.sql}`,
    [organization, batch, at, ...ledger.values, plainArray(subjectOf), ...shared.values, ...hours.values],
  );
  const days = addition('usage_days', 'day', organization, daysOf(rollups));
  await executeBound(em, days.sql, days.values);
}

/** Adds sums to those that are there. @param from which column says when the hour or day begins */
function addition(
  table: 'usage_rollups' | 'usage_days',
  from: 'hour' | 'day',
  organization: string,
  rollups: readonly Rollup[],
): { sql: string; values: string[] } {
  const sums = rollupColumns(from, rollups);
  return {
    sql: `insert into countersign.${table} as r (organization_id, latency_buckets, ${sums.names.join(', ')})
     select ?::uuid, buckets::bigint[], ${sums.names.join(', ')} from ${unnest(sums, { name: 'buckets', type: 'text' })}
     on conflict (organization_id, team_id, ${from}, person_id, provider, model, currency) do update set ${ADD_UP}`,
    values: [organization, ...sums.values, textArray(rollups.map((rollup) => plainArray(rollup.latencyBuckets)))],
  };
}

function unnest({ names, types }: Columns, more?: { name: string; type: string }): string {
  const [allNames, allTypes] = more
    ? [
        [...names, more.name],
        [...types, more.type],
      ]
    : [names, types];
  return `unnest(${castsOf(allTypes)}) as new(${allNames.join(', ')})`;
}

function castsOf(types: readonly string[]): string {
  return types.map((type) => `?::${type}[]`).join(', ');
}

const SUMS = ['events', 'failures', 'unpriced', ...TOKEN_COLUMNS, 'cost', 'latency_count', 'latency_sum'];
const ADD_UP = [
  ...SUMS.map((name) => `${name} = r.${name} + excluded.${name}`),
  `latency_buckets = array[${Array.from({ length: LATENCY_BUCKET_COUNT }, (_, index) => `r.latency_buckets[${index + 1}] + excluded.latency_buckets[${index + 1}]`).join(', ')}]`,
].join(', ');

type Subject = Pick<
  Line,
  'team' | 'person' | 'provider' | 'model' | 'serviceTier' | 'currency' | 'stated' | 'priceVersion' | 'pricedBy'
>;

/**
 * What many lines of a batch have in common travels once: it is half of what would have to be written, sent and read.
 * @returns `subjectOf` has the number of each line's subject, from 1 on
 */
function subjectsOf(lines: readonly Line[]): { subjects: Subject[]; subjectOf: number[] } {
  const numbers = new Map<string, number>();
  const subjects: Subject[] = [];
  const subjectOf = lines.map((line) => {
    const key = `${line.team}${line.person}${line.currency}${line.stated?.currency ?? ''}${line.pricedBy} ${line.provider} ${line.model} ${line.serviceTier ?? ''} ${line.priceVersion}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, subjects.push(line));
    return subjects.length;
  });
  return { subjects, subjectOf };
}

function subjectColumns(subjects: readonly Subject[]): Columns {
  return columns([
    ['team_id', 'uuid', plainArray(subjects.map((subject) => subject.team))],
    ['person_id', 'uuid', plainArray(subjects.map((subject) => subject.person))],
    ['provider', 'text', textArray(subjects.map((subject) => subject.provider))],
    ['model', 'text', textArray(subjects.map((subject) => subject.model))],
    ['service_tier', 'text', textArray(subjects.map((subject) => subject.serviceTier))],
    ['currency', 'text', plainArray(subjects.map((subject) => subject.currency))],
    ['stated_currency', 'text', plainArray(subjects.map((subject) => subject.stated?.currency ?? null))],
    ['price_version', 'text', textArray(subjects.map((subject) => subject.priceVersion))],
    ['priced_by', 'text', plainArray(subjects.map((subject) => subject.pricedBy))],
  ]);
}

function lineColumns(lines: readonly Line[]): Columns {
  return columns([
    ['id', 'uuid', plainArray(lines.map((line) => line.id))],
    ['kind', 'text', plainArray(lines.map((line) => line.kind))],
    ...TOKEN_COLUMNS.map((kind) => [kind, 'bigint', plainArray(lines.map((line) => line.tokens[kind] ?? 0))] as const),
    ['other_tokens', 'jsonb', textArray(lines.map(otherTokens))],
    ['batched', 'boolean', plainArray(lines.map((line) => line.batched))],
    ['cost', 'numeric', amountArray(lines.map((line) => line.cost))],
    ['stated_cost', 'numeric', amountArray(lines.map((line) => line.stated?.value ?? null))],
    ['latency_ms', 'int', plainArray(lines.map((line) => line.latencyMs))],
    ['success', 'boolean', plainArray(lines.map((line) => line.success))],
    ['occurred_at', 'timestamptz', timeArray(lines.map((line) => line.occurredAt))],
    ['corrects', 'uuid', plainArray(lines.map((line) => line.corrects))],
  ]);
}

function rollupColumns(from: 'hour' | 'day', rollups: readonly Rollup[]): Columns {
  return columns([
    ['team_id', 'uuid', plainArray(rollups.map((rollup) => rollup.team))],
    [from, 'timestamptz', timeArray(rollups.map((rollup) => rollup.from))],
    ['person_id', 'uuid', plainArray(rollups.map((rollup) => rollup.person))],
    ['provider', 'text', textArray(rollups.map((rollup) => rollup.provider))],
    ['model', 'text', textArray(rollups.map((rollup) => rollup.model))],
    ['currency', 'text', plainArray(rollups.map((rollup) => rollup.currency))],
    ['events', 'bigint', plainArray(rollups.map((rollup) => rollup.events))],
    ['failures', 'bigint', plainArray(rollups.map((rollup) => rollup.failures))],
    ['unpriced', 'bigint', plainArray(rollups.map((rollup) => rollup.unpriced))],
    ...TOKEN_COLUMNS.map((kind) => [kind, 'bigint', plainArray(rollups.map((rollup) => rollup.tokens[kind]))] as const),
    ['cost', 'numeric', amountArray(rollups.map((rollup) => rollup.cost))],
    ['latency_count', 'bigint', plainArray(rollups.map((rollup) => rollup.latencyCount))],
    ['latency_sum', 'bigint', plainArray(rollups.map((rollup) => rollup.latencySum))],
  ]);
}

function columns(all: readonly (readonly [name: string, type: string, values: string])[]): Columns {
  return {
    names: all.map(([name]) => name),
    types: all.map(([, type]) => type),
    values: all.map(([, , values]) => values),
  };
}

function otherTokens({ tokens }: Line): string | null {
  const others = OTHER_TOKEN_KINDS.flatMap((kind) => (tokens[kind] ? [[kind, tokens[kind]]] : []));
  return others.length === 0 ? null : JSON.stringify(Object.fromEntries(others));
}
