import type { z } from 'zod';
import { addAmounts, type Amount, exactly, formatAmount } from '../../platform/money.ts';
import type { chargeJsonSchema } from '../schemas.ts';
import type { ChargeRow } from './rows.ts';

type Document = z.input<typeof chargeJsonSchema>;

/** Writes charges as one JSON document, item by item, with exact totals at its end. */
export async function* jsonOf(
  time: { readonly from: Date; readonly until: Date },
  rows: AsyncIterable<ChargeRow>,
): AsyncGenerator<string> {
  const totals = new Map<string, Amount>();
  yield `{"from":"${time.from.toISOString()}","to":"${time.until.toISOString()}","items":[`;
  let separator = '\n';
  for await (const row of rows) {
    totals.set(row.currency, addAmounts(totals.get(row.currency) ?? exactly(0), row.amount));
    yield separator + JSON.stringify(itemOf(row));
    separator = ',\n';
  }
  const sums: Document['totals'] = [...totals].map(([currency, amount]) => ({ value: formatAmount(amount), currency }));
  yield `\n],"totals":${JSON.stringify(sums)}}\n`;
}

function itemOf(row: ChargeRow): Document['items'][number] {
  const { kind, from, until, period, costCenter, team, used, amount, currency } = row;
  return {
    kind,
    start: from.toISOString(),
    end: until.toISOString(),
    period: period.name,
    cost_center: costCenter,
    team_id: team.alias,
    provider: used?.provider ?? null,
    model: used?.model ?? null,
    requests: used?.events ?? 0,
    input_tokens: used?.tokens.input_tokens ?? 0,
    cached_input_tokens: used?.tokens.cached_input_tokens ?? 0,
    output_tokens: used?.tokens.output_tokens ?? 0,
    amount: { value: formatAmount(amount), currency },
  };
}
