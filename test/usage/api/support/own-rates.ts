import { expect } from '@jest/globals';
import type { ApiAnswer } from '../../../support/api-caller.ts';
import { comparable, ROLLUPS, ROLLUPS_OF_LEDGER } from '../../support/books.ts';
import type { Json, Office } from './office.ts';

/** What a model has cost so far. */
interface Booked {
  readonly cost: string;
  /** Calls without a price. */
  readonly unpriced: number;
  readonly corrections: number;
}

/** Sets an own rate, as the owner unless another key is given. */
export function putRate(
  office: Office,
  provider: string,
  model: string,
  body: Json,
  more: { key?: string; ifMatch?: string } = {},
): Promise<ApiAnswer> {
  const headers: Record<string, string> = more.ifMatch === undefined ? {} : { 'if-match': more.ifMatch };
  return office.system.api(
    'PUT',
    `/api/v1/organization/rates/${provider}/${encodeURIComponent(model)}`,
    body,
    more.key,
    headers,
  );
}

/** What is booked for just this name of a model, once nothing is priced again any more; by then the rollups are the ledger's sums. */
export async function booked(office: Office, model: string): Promise<Booked> {
  await office.system.until(
    async () => (await office.rows('select 1 from countersign.reratings')).length === 0,
    'prices are applied',
  );
  const [sums] = await office.rows<{ cost: string; unpriced: number }>(
    'select trim_scale(sum(cost))::text as cost, sum(unpriced)::int as unpriced from countersign.usage_rollups where model = $1',
    [model],
  );
  const [{ corrections } = { corrections: 0 }] = await office.rows<{ corrections: number }>(
    'select count(*)::int as corrections from countersign.ledger_lines where model = $1 and corrects is not null',
    [model],
  );
  expect(comparable(await office.rows(ROLLUPS))).toEqual(comparable(await office.rows(ROLLUPS_OF_LEDGER)));
  return { cost: sums!.cost, unpriced: sums!.unpriced, corrections };
}
