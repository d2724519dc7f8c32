import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ago, event, type Json, Office } from './support/office.ts';
import { booked, putRate } from './support/own-rates.ts';

const HOUR = 3_600_000;
const DATES = ['-2025-01-31', '-20250131', '@20250131', '-20250131-v1:0'];
let office: Office;

beforeAll(async () => {
  office = await Office.open({ worker: true });
});

afterAll(() => office?.close());

function put(provider: string, model: string, price: string | null, from = ago(HOUR)) {
  const per_million = price === null ? null : { input_tokens: price };
  return putRate(office, provider, model, { currency: 'USD', per_million, effective_from: from });
}

/** A million tokens of each model, a minute ago. */
function report(provider: string, models: readonly string[], more: Json = {}) {
  return office.report(
    models.map((model) => event({ provider, model, input_tokens: 1_000_000, output_tokens: 0, ...more })),
  );
}

/** The price that each line of these models names, in the order in which the lines were booked. */
async function versions(models: readonly string[]): Promise<Record<string, (string | null)[]>> {
  const rows = await office.rows<{ model: string; price_version: string | null }>(
    'select model, price_version from countersign.ledger_lines where model = any($1) order by id',
    [models],
  );
  return Object.fromEntries(
    models.map((model) => [model, rows.filter((row) => row.model === model).map((row) => row.price_version)]),
  );
}

describe('an own rate of a model', () => {
  test('holds for its dated snapshots, whose lines keep their name and say which rate it was', async () => {
    await put('acme', 'large', '4');
    const snapshots = DATES.map((date) => `large${date}`);
    const others = ['large-mini', 'large-mini-20250131', 'large-0131', 'large-20251331', 'very-large-20250131'];
    expect(await report('acme', [...snapshots, ...others])).toMatchObject({ rejected: [] });
    await report('ACME', ['large-20250131'], { team_id: 'lab' });
    for (const model of snapshots.toSpliced(1, 1))
      expect(await booked(office, model)).toEqual({ cost: '4', unpriced: 0, corrections: 0 });
    expect(await versions(['large-2025-01-31', 'large@20250131'])).toEqual({
      'large-2025-01-31': ['own acme/large v1'],
      'large@20250131': ['own acme/large v1'],
    });
    // A provider's name is compared as it is.
    expect(await versions(['large-20250131'])).toEqual({ 'large-20250131': ['own acme/large v1', null] });
    for (const model of others) expect(await booked(office, model)).toMatchObject({ cost: '0', unpriced: 1 });
  });

  test('comes before the public price list of a snapshot', async () => {
    const call = ['gpt-4o-2024-08-06'];
    await report('openai', call);
    expect(await booked(office, call[0]!)).toMatchObject({ cost: '2.5' });
    await put('openai', 'gpt-4o', '1');
    expect(await booked(office, call[0]!)).toMatchObject({ cost: '1', corrections: 1 });
    await report('openai', call);
    expect(await booked(office, call[0]!)).toMatchObject({ cost: '2', corrections: 1 });
  });

  test('gives way to one of just the snapshot’s name, until that is taken back', async () => {
    await put('acme', 'wide', '4');
    await put('acme', 'wide-20250131', '7');
    await report('acme', ['wide-20250131', 'wide-20250201']);
    expect(await booked(office, 'wide-20250131')).toMatchObject({ cost: '7' });
    expect(await booked(office, 'wide-20250201')).toMatchObject({ cost: '4' });
    await put('acme', 'wide-20250131', null);
    expect(await booked(office, 'wide-20250131')).toMatchObject({ cost: '4', corrections: 1 });
    expect(await versions(['wide-20250131'])).toEqual({
      'wide-20250131': ['own acme/wide-20250131 v1', 'own acme/wide v1'],
    });
  });

  test('of a snapshot that begins later leaves what was before to that of the model', async () => {
    await put('acme', 'deep', '4', ago(9 * HOUR));
    await put('acme', 'deep-20250131', '7', ago(3 * HOUR));
    await report('acme', ['deep-20250131'], { occurred_at: ago(5 * HOUR) });
    await report('acme', ['deep-20250131'], { occurred_at: ago(HOUR) });
    expect(await versions(['deep-20250131'])).toEqual({
      'deep-20250131': ['own acme/deep v1', 'own acme/deep-20250131 v1'],
    });
  });

  test('prices snapshots again that had no price or another one, but not those with a rate of their own', async () => {
    const [dated, ownRate] = ['slim-2025-01-31', 'slim-2025-02-28'] as const;
    const names = ['slim', dated, ownRate, 'slim-mini-2025-01-31'] as const;
    await put('acme', ownRate, '9');
    await report('acme', names);
    await report('other', ['slim-2025-03-31']);
    expect(await booked(office, dated)).toEqual({ cost: '0', unpriced: 1, corrections: 0 });
    await put('acme', 'slim', '3');
    expect(await booked(office, dated)).toEqual({ cost: '3', unpriced: 0, corrections: 1 });
    await put('acme', 'slim', '2');
    expect(await booked(office, dated)).toEqual({ cost: '2', unpriced: 0, corrections: 2 });
    expect(await booked(office, 'slim')).toEqual({ cost: '2', unpriced: 0, corrections: 2 });
    expect(await booked(office, ownRate)).toEqual({ cost: '9', unpriced: 0, corrections: 0 });
    expect(await booked(office, 'slim-mini-2025-01-31')).toEqual({ cost: '0', unpriced: 1, corrections: 0 });
    expect(await booked(office, 'slim-2025-03-31')).toEqual({ cost: '0', unpriced: 1, corrections: 0 });
    expect(await versions([dated])).toEqual({ [dated]: [null, 'own acme/slim v1', 'own acme/slim v2'] });
  });

  test('of a snapshot prices that snapshot again, and no other', async () => {
    await put('acme', 'tiny', '3');
    await report('acme', ['tiny', 'tiny-20250131', 'tiny-20250201']);
    await put('acme', 'tiny-20250131', '1');
    expect(await booked(office, 'tiny-20250131')).toEqual({ cost: '1', unpriced: 0, corrections: 1 });
    for (const model of ['tiny', 'tiny-20250201'])
      expect(await booked(office, model)).toEqual({ cost: '3', unpriced: 0, corrections: 0 });
  });
});
