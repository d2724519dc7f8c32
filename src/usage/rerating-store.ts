import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, addAmounts, exactly } from '../platform/money.ts';
import { textArray, timeArray } from '../platform/database/sql-arrays.ts';
import type { Rerating } from './entities.ts';
import type { StatedCost } from './rules/lines.ts';
import { ALL_TOKEN_KINDS, TOKEN_COLUMNS, type TokenCounts } from './rules/token-kinds.ts';

/** A call in the ledger, and what it is booked with by now. */
export interface BookedCall {
  readonly id: string;
  readonly team: string;
  readonly person: string;
  readonly provider: string;
  readonly model: string;
  readonly tokens: TokenCounts;
  readonly batched: boolean;
  readonly serviceTier: string | null;
  readonly currency: string;
  /** What somebody has said that it cost, in another currency. */
  readonly stated: StatedCost | null;
  readonly occurredAt: Date;
  /** With all its corrections; null: it has no price yet. */
  readonly cost: Amount | null;
}

interface CallRow {
  readonly id: string;
  readonly team_id: string;
  readonly person_id: string;
  readonly provider: string;
  readonly model: string;
  readonly tokens: readonly number[];
  readonly other_tokens: TokenCounts | null;
  readonly batched: boolean;
  readonly service_tier: string | null;
  readonly currency: string;
  readonly stated_cost: string | null;
  readonly stated_currency: string | null;
  readonly occurred_at: string | Date;
  readonly cost: string | null;
  readonly corrected: string | null;
}

/** Nobody else prices lines of this organization again before the transaction has ended: each line is corrected once. */
export async function holdReratings(em: EntityManager, organization: string): Promise<void> {
  await em.execute(`select pg_advisory_xact_lock(hashtextextended('countersign reratings ' || ?, 0))`, [organization]);
}

/**
 * Has everything that waits in the organization and was not begun be done along with this one: each goes through the same lines.
 * @param rerating not begun itself
 */
export async function joinWaiting(em: EntityManager, { id, organization }: Rerating): Promise<void> {
  await em.execute(
    `update countersign.reratings set joined_to = ? where organization_id = ? and id <> ? and joined_to is null and reached is null`,
    [id, organization, id],
  );
}

/** Which lines are to be priced again. */
export interface Concerned {
  /** The calls of a model; null: of all. */
  readonly name: { readonly provider: string; readonly model: string } | null;
  /** Those that were made from then on. */
  readonly from: Date;
}

/** What a rerating does, for itself and for those that have joined it; at least one. */
export async function concernedBy(em: EntityManager, { id }: Rerating): Promise<Concerned[]> {
  const rows = await em.execute<{ provider: string | null; model: string | null; from: string | Date }[]>(
    `select provider, model, min(occurred_from) as "from" from countersign.reratings where id = ? or joined_to = ? group by provider, model`,
    [id, id],
  );
  return rows.map(({ provider, model, from }) => ({
    name: provider === null || model === null ? null : { provider, model },
    from: new Date(from),
  }));
}

/** A rerating is done, with all that have joined it. */
export async function endRerating(em: EntityManager, { id }: Rerating): Promise<void> {
  await em.execute('delete from countersign.reratings where id = ? or joined_to = ?', [id, id]);
}

/** So many lines are passed over for each that is to be found: to do so takes a tenth of what it takes to price one. */
const PASSED_FOR_EACH = 10;

/**
 * The next lines that a change of price concerns, in the order in which they were recorded.
 * Costs that were stated stay as they are, since nobody here knows better; what they come to in another currency does not.
 * @param reached the last line that was looked at; null: none yet
 * @param most how many are returned
 * @returns `reached` is null where there are no more
 */
export async function nextCalls(
  em: EntityManager,
  organization: string,
  concerned: readonly Concerned[],
  reached: string | null,
  most: number,
): Promise<{ calls: BookedCall[]; reached: string | null }> {
  const since = concerned.map(({ from }) => from).reduce((first, from) => (from < first ? from : first));
  const whatever = concerned.find(({ name }) => name === null)?.from ?? null;
  const named = concerned.flatMap(({ name, from }) => (name ? [{ ...name, from }] : []));
  const last = reached ?? firstIdOf(since);
  const end = await lineAfter(em, organization, since, last, most * PASSED_FOR_EACH);
  const rows = await em.execute<CallRow[]>(
    `select n.id, n.team_id, n.person_id, n.provider, n.model,
       jsonb_build_array(${TOKEN_COLUMNS.map((kind) => `n.${kind}`).join(', ')}) as tokens, n.other_tokens,
       n.batched, n.service_tier, n.currency, n.stated_cost::text, n.stated_currency, n.occurred_at,
       n.cost::text as cost, c.corrected::text as corrected
     from (
       select * from countersign.ledger_lines n
       where n.organization_id = ? and n.id > ?::uuid and (?::uuid is null or n.id <= ?::uuid) and n.occurred_at >= ?
         and n.kind in ('usage', 'settlement') and (n.priced_by is distinct from 'caller' or n.stated_currency is not null)
         and (n.occurred_at >= ?::timestamptz or exists (
           select from unnest(?::text[], ?::text[], ?::timestamptz[]) as wanted (provider, model, since)
           where wanted.provider = n.provider and countersign.is_model(wanted.model, n.model) and n.occurred_at >= wanted.since
         ))
       order by n.id limit ?
     ) n left join lateral (
       select sum(cost) as corrected from countersign.ledger_lines c where c.corrects = n.id and c.occurred_at = n.occurred_at
     ) c on true
     order by n.id`,
    [
      organization,
      last,
      end,
      end,
      since,
      whatever,
      textArray(named.map(({ provider }) => provider)),
      textArray(named.map(({ model }) => model)),
      timeArray(named.map(({ from }) => from)),
      most,
    ],
  );
  return { calls: rows.map(callOf), reached: rows.length === most ? (rows.at(-1)?.id ?? null) : end };
}

/** The line that lies so many after another one; null: there are not that many. What one statement looks at is bounded by it. */
async function lineAfter(
  em: EntityManager,
  organization: string,
  since: Date,
  last: string,
  count: number,
): Promise<string | null> {
  const [row] = await em.execute<{ id: string }[]>(
    `select id from countersign.ledger_lines where organization_id = ? and id > ?::uuid and occurred_at >= ? order by id offset ? limit 1`,
    [organization, last, since, count - 1],
  );
  return row?.id ?? null;
}

function callOf(row: CallRow): BookedCall {
  const { id, team_id: team, person_id: person, provider, model, batched, service_tier: serviceTier, currency } = row;
  const columns = Object.fromEntries(TOKEN_COLUMNS.map((kind, index) => [kind, row.tokens[index] ?? 0]));
  const tokens: TokenCounts = Object.fromEntries(
    ALL_TOKEN_KINDS.map((kind) => [kind, columns[kind] ?? row.other_tokens?.[kind] ?? 0]),
  );
  return {
    id,
    team,
    person,
    provider,
    model,
    tokens,
    batched,
    serviceTier,
    currency,
    stated:
      row.stated_cost !== null && row.stated_currency !== null
        ? { value: exactly(row.stated_cost), currency: row.stated_currency }
        : null,
    occurredAt: new Date(row.occurred_at),
    cost: sumOf(row.cost, row.corrected),
  };
}

function sumOf(cost: string | null, corrected: string | null): Amount | null {
  if (cost === null && corrected === null) return null;
  return addAmounts(exactly(cost ?? 0), exactly(corrected ?? 0));
}

/** Clocks of those who report may be this far ahead; what was spent at a moment was recorded no earlier. */
const AHEAD_MS = 3_600_000;

/** Ids are UUIDs of version 7: their first 48 bits say when the line was recorded. */
function firstIdOf(occurredFrom: Date): string {
  const hex = Math.max(0, occurredFrom.getTime() - AHEAD_MS)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
