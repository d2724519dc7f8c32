import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ago, event, type Json, Office } from './support/office.ts';

const DAY = 86_400_000;
let office: Office;

beforeAll(async () => {
  office = await Office.open({ worker: true });
});

afterAll(() => office?.close());

const put = (path: string, body: Json) => office.system.need('PUT', `/api/v1/organization/${path}`, body);
const usd = (price: string) => ({ currency: 'USD', per_million: { input_tokens: price } });
const daysBack = (text: string) => (Date.now() - Date.parse(text)) / DAY;

/** What calls of a model cost so far, and how many have no price; once nothing is priced again any more. */
async function booked(model: string): Promise<{ cost: string; unpriced: number }> {
  await office.system.until(
    async () => (await office.rows('select 1 from countersign.reratings')).length === 0,
    'prices are applied',
  );
  const [sums] = await office.rows<{ cost: string; unpriced: number }>(
    'select trim_scale(sum(cost))::text as cost, sum(unpriced)::int as unpriced from countersign.usage_rollups where model = $1',
    [model],
  );
  return sums!;
}

const million = (more: Json) => event({ input_tokens: 1_000_000, output_tokens: 0, ...more });

describe('a price without a beginning', () => {
  test('is that of all calls that waited for it, where it is the first of its model, and of those that are reported late', async () => {
    await office.report(
      [1_000, 80 * DAY].map((back) => million({ provider: 'acme', model: 'new', occurred_at: ago(back) })),
    );
    const first = await put('rates/acme/new', usd('3'));
    expect(daysBack(first.effective_from)).toBeCloseTo(90, 1);
    expect(await booked('new')).toEqual({ cost: '6', unpriced: 0 });
    await office.report([million({ provider: 'acme', model: 'new', occurred_at: ago(85 * DAY) })]);
    expect(await booked('new')).toEqual({ cost: '9', unpriced: 0 });
  });

  test('begins with the oldest call that waits, under a dated name too, however long ago that was reported', async () => {
    await office.report([million({ provider: 'acme', model: 'old-2026-01-01', occurred_at: ago(89 * DAY) })]);
    for (const table of ['usage_days', 'usage_rollups'])
      await office.rows(
        `update countersign.${table} set ${table === 'usage_days' ? 'day = day' : 'hour = hour'} - interval '100 days' where model = 'old-2026-01-01'`,
      );
    const first = await put('rates/acme/old', usd('3'));
    expect(daysBack(first.effective_from)).toBeGreaterThan(188);
  });

  test('begins now, where it is a later one', async () => {
    await put('rates/acme/later', usd('3'));
    await office.report([million({ provider: 'acme', model: 'later' })]);
    const second = await put('rates/acme/later', usd('5'));
    expect(daysBack(second.effective_from)).toBeCloseTo(0, 3);
    expect(await booked('later')).toEqual({ cost: '3', unpriced: 0 });
  });

  test('begins now, where the public list has priced what there is, and leaves that as it is', async () => {
    await office.report([million({ model: 'gpt-4o', occurred_at: ago(DAY) })]);
    const first = await put('rates/openai/gpt-4o', usd('1'));
    expect(daysBack(first.effective_from)).toBeCloseTo(0, 3);
    expect(await booked('gpt-4o')).toEqual({ cost: '2.5', unpriced: 0 });
  });
});

describe('an exchange rate without a beginning', () => {
  test('is that of all calls that waited for it, where it is the first of its pair; a later one begins now', async () => {
    const call = (back: number) => million({ team_id: 'berlin', model: 'gpt-4.1', occurred_at: ago(back) });
    await office.report([call(1_000), call(60 * DAY)]);
    expect(await booked('gpt-4.1')).toEqual({ cost: '0', unpriced: 2 });
    const first = await put('exchange-rates/USD/EUR', { rate: '0.5' });
    expect(daysBack(first.effective_from)).toBeCloseTo(90, 1);
    expect(await booked('gpt-4.1')).toEqual({ cost: '2', unpriced: 0 });
    const second = await put('exchange-rates/USD/EUR', { rate: '0.9' });
    expect(daysBack(second.effective_from)).toBeCloseTo(0, 3);
    expect(await booked('gpt-4.1')).toEqual({ cost: '2', unpriced: 0 });
  });
});
