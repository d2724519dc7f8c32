import type { Column } from './csv.ts';
import type { ChargeRow } from './rows.ts';

/** The columns of `format: "csv"`. Exact amounts; times in UTC. */
export const PLAIN_COLUMNS: readonly Column<ChargeRow>[] = [
  { name: 'period', text: ({ period }) => period.name },
  { name: 'start', text: ({ from }) => from.toISOString() },
  { name: 'end', text: ({ until }) => until.toISOString() },
  { name: 'kind', text: ({ kind }) => kind },
  { name: 'cost_center', text: ({ costCenter }) => costCenter },
  { name: 'team_id', text: ({ team }) => team.alias },
  { name: 'provider', text: ({ used }) => used?.provider ?? null },
  { name: 'model', text: ({ used }) => used?.model ?? null },
  { name: 'requests', number: ({ used }) => countOf(used?.events) },
  { name: 'input_tokens', number: ({ used }) => countOf(used?.tokens.input_tokens) },
  { name: 'cached_input_tokens', number: ({ used }) => countOf(used?.tokens.cached_input_tokens) },
  { name: 'output_tokens', number: ({ used }) => countOf(used?.tokens.output_tokens) },
  { name: 'amount', number: ({ amount }) => amount.toFixed() },
  { name: 'currency', text: ({ currency }) => currency },
];

function countOf(count: number | undefined): string | null {
  return count === undefined ? null : String(count);
}
