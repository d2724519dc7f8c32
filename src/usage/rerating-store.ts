import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, addAmounts, exactly } from '../platform/money.ts';
import type { Rerating } from './entities.ts';
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
  readonly currency: string;
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
  readonly currency: string;
  readonly occurred_at: string | Date;
  readonly cost: string | null;
  readonly corrected: string | null;
}

/** Nobody else prices lines of this organization again before the transaction has ended: each line is corrected once. */
export async function holdReratings(em: EntityManager, organization: string): Promise<void> {
  await em.execute(`select pg_advisory_xact_lock(hashtextextended('countersign reratings ' || ?, 0))`, [organization]);
}

/**
 * The next lines, in the order in which they were recorded, of which those are returned that the change of price concerns.
 * Costs that were stated stay as they are: nobody here knows better.
 * @param lines how many are looked at
 * @returns `reached` is null where there are no more
 */
export async function nextCalls(
  em: EntityManager,
  { organization, provider, model, occurredFrom, reached }: Rerating,
  lines: number,
): Promise<{ calls: BookedCall[]; reached: string | null }> {
  const rows = await em.execute<(CallRow & { concerned: boolean })[]>(
    `select n.id, n.team_id, n.person_id, n.provider, n.model, jsonb_build_array(${TOKEN_COLUMNS.map((kind) => `n.${kind}`).join(', ')}) as tokens, n.other_tokens, n.batched, n.currency, n.occurred_at,
       n.cost::text as cost, c.corrected::text as corrected
     from (
       select * from countersign.ledger_lines where organization_id = ? and id > ?::uuid order by id limit ?
     ) n left join lateral (
       select sum(cost) as corrected from countersign.ledger_lines c where c.corrects = n.id and c.occurred_at = n.occurred_at
     ) c on true
     where n.kind in ('usage', 'settlement') and n.priced_by is distinct from 'caller' and n.occurred_at >= ?
       and (?::text is null or (n.provider = ? and countersign.is_model(?, n.model)))
     order by n.id`,
    [
      organization,
      reached ?? firstIdOf(occurredFrom),
      lines,
      occurredFrom,
      provider ?? null,
      provider ?? null,
      model ?? null,
    ],
  );
  const [end] = await em.execute<{ id: string | null; count: string }[]>(
    `select (array_agg(id order by id desc))[1] as id, count(*) as count from (select id from countersign.ledger_lines where organization_id = ? and id > ?::uuid order by id limit ?) n`,
    [organization, reached ?? firstIdOf(occurredFrom), lines],
  );
  return { calls: rows.map(callOf), reached: Number(end?.count ?? 0) < lines ? null : (end?.id ?? null) };
}

function callOf(row: CallRow): BookedCall {
  const { id, team_id: team, person_id: person, provider, model, batched, currency } = row;
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
    currency,
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
