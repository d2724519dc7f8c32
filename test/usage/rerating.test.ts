import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ClaimedMessage } from '../../src/notify/service.ts';
import { exactly } from '../../src/platform/money.ts';
import { RatingHandler } from '../../src/usage/rerating.ts';
import type { SpendSink } from '../../src/usage/service.ts';
import { ago, event, Office } from './api/support/office.ts';
import { comparable, ROLLUPS, ROLLUPS_OF_LEDGER } from './support/books.ts';

const LINES = 60;
const AT_ONCE = 7;
let office: Office;

beforeAll(async () => {
  office = await Office.open();
  await office.report(
    Array.from({ length: LINES }, (_, index) =>
      event({
        provider: 'acme',
        model: 'm',
        user_id: index % 2 ? 'ana' : 'ben',
        input_tokens: 1_000_000,
        output_tokens: 0,
        occurred_at: ago(index * 600_000 + 1_000),
      }),
    ),
  );
});

afterAll(() => office?.close());

/** Sets a price and hands out the message that has it applied, as the relay would. */
async function priced(price: string): Promise<ClaimedMessage> {
  await office.system.need('PUT', '/api/v1/organization/rates/acme/m', {
    currency: 'USD',
    per_million: { input_tokens: price },
    effective_from: ago(86_400_000),
  });
  const [row] = await office.rows<{ id: string; organization_id: string; reference: ClaimedMessage['reference'] }>(
    `delete from countersign.outbox where channel = 'rating' returning id, organization_id, reference`,
  );
  return {
    id: row!.id,
    organization: row!.organization_id,
    channel: 'rating',
    reference: row!.reference,
    body: null,
    attempts: 1,
    createdAt: new Date(),
    dueAt: new Date(),
  };
}

function handler(sink: SpendSink | null): RatingHandler {
  const { work, usage } = office.system.core;
  return new RatingHandler({ work, catalogue: usage.catalogue, sink, linesAtOnce: AT_ONCE });
}

async function expectBooks(cost: string): Promise<void> {
  const [sum] = await office.rows<{ cost: string; unpriced: number }>(
    `select trim_scale(sum(cost))::text as cost, sum(unpriced)::int as unpriced from countersign.usage_rollups where model = 'm'`,
  );
  expect(sum).toEqual({ cost, unpriced: 0 });
  expect(comparable(await office.rows(ROLLUPS))).toEqual(comparable(await office.rows(ROLLUPS_OF_LEDGER)));
  expect(await office.rows('select 1 from countersign.reratings')).toEqual([]);
}

describe('pricing lines again', () => {
  test('goes on where it stopped, prices each line once, and tells whoever counts money what it came to', async () => {
    const message = await priced('2');
    let told = exactly(0);
    let steps = 0;
    const failing = handler({
      booked: async (_, spends) => {
        steps += 1;
        if (steps === 4) throw new Error('the worker died here');
        for (const { cost } of spends) told = told.plus(cost);
      },
    });
    await expect(failing.deliver(message, new AbortController().signal)).rejects.toThrow('the worker died here');
    const [{ reached } = { reached: null }] = await office.rows<{ reached: string | null }>(
      'select reached from countersign.reratings',
    );
    expect(reached).not.toBeNull();
    expect(told.toFixed()).toBe(String(3 * AT_ONCE * 2));
    expect(await failing.deliver(message, new AbortController().signal)).toEqual({ outcome: 'delivered' });
    expect(told.toFixed()).toBe(String(LINES * 2));
    await expectBooks(String(LINES * 2));
  });

  test('done by several at once, for several prices, ends with the newest price', async () => {
    const messages = [await priced('3'), await priced('5'), await priced('4')];
    await Promise.all(
      [...messages, ...messages].map((message) => handler(null).deliver(message, new AbortController().signal)),
    );
    await expectBooks(String(LINES * 4));
  });

  test('stops between two steps when it is told to, and a repetition of what is done does nothing', async () => {
    const message = await priced('6');
    expect(await handler(null).deliver(message, AbortSignal.abort())).toMatchObject({ outcome: 'postponed' });
    await handler(null).deliver(message, new AbortController().signal);
    const before = await office.rows('select count(*) from countersign.ledger_lines');
    expect(await handler(null).deliver(message, new AbortController().signal)).toEqual({ outcome: 'delivered' });
    expect(await office.rows('select count(*) from countersign.ledger_lines')).toEqual(before);
    await expectBooks(String(LINES * 6));
  });
});
