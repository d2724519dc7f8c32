import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
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

afterEach(() => void jest.restoreAllMocks());

/** Sets a price and hands out the message that has it applied, as the relay would. */
async function priced(price: string, model = 'm', from = ago(86_400_000)): Promise<ClaimedMessage> {
  await office.system.need('PUT', `/api/v1/organization/rates/acme/${model}`, {
    currency: 'USD',
    per_million: { input_tokens: price },
    effective_from: from,
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

function handler(sink: SpendSink | null, linesAtOnce = AT_ONCE): RatingHandler {
  const { work, usage } = office.system.core;
  return new RatingHandler({ work, catalogue: usage.catalogue, sink, linesAtOnce });
}

const GO = new AbortController().signal;

/** How many transactions there are from now on. */
function countSteps(): () => number {
  const spied = jest.spyOn(office.system.core.work, 'bookkeep');
  return () => spied.mock.calls.length;
}

const costOf = async (model: string) =>
  (
    await office.rows<{ cost: string }>(
      'select trim_scale(sum(cost))::text as cost from countersign.usage_rollups where model = $1',
      [model],
    )
  )[0]!.cost;

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

  test('gives others their turn after some steps, and goes on in its next one', async () => {
    const message = await priced('7');
    const count = countSteps();
    expect(await handler(null, 1).deliver(message, GO)).toMatchObject({ outcome: 'postponed' });
    expect(count()).toBe(10);
    expect(await costOf('m')).toBe(String(LINES * 6 + 10));
    while ((await handler(null, 1).deliver(message, GO)).outcome === 'postponed');
    await expectBooks(String(LINES * 7));
  });

  test('passes over what is not concerned, many lines at a time', async () => {
    await office.report([event({ provider: 'acme', model: 'rare', input_tokens: 1_000_000, output_tokens: 0 })]);
    const message = await priced('5', 'rare');
    const count = countSteps();
    expect(await handler(null, 40).deliver(message, GO)).toEqual({ outcome: 'delivered' });
    expect(count()).toBe(1);
    expect(await costOf('rare')).toBe('5');
  });

  test('does what waits in an organization in one go, each from the moment on that it is to hold from', async () => {
    const models = Array.from({ length: 12 }, (_, index) => `joined-${index}`);
    const call = (model: string, back: number) =>
      event({ provider: 'acme', model, input_tokens: 1_000_000, output_tokens: 0, occurred_at: ago(back) });
    await office.report(models.flatMap((model) => [call(model, 3_600_000), call(model, 10_800_000)]));
    await office.report([call('not-concerned', 3_600_000)]);
    const messages: ClaimedMessage[] = [];
    for (const [index, model] of models.entries())
      messages.push(await priced(String(index + 1), model, ago(index % 2 ? 7_200_000 : 14_400_000)));
    messages.push(await priced('50', 'joined-3', ago(14_400_000)));
    const count = countSteps();
    expect(await handler(null, 1_000).deliver(messages[4]!, GO)).toEqual({ outcome: 'delivered' });
    expect(count()).toBe(1);
    expect(await Promise.all(models.map(costOf))).toEqual(
      models.map((_, index) => (index === 3 ? '100' : String((index + 1) * (index % 2 ? 1 : 2)))),
    );
    expect(await costOf('not-concerned')).toBe('0');
    const before = await office.rows('select count(*) from countersign.ledger_lines');
    for (const message of messages) expect(await handler(null).deliver(message, GO)).toEqual({ outcome: 'delivered' });
    expect(await office.rows('select count(*) from countersign.ledger_lines')).toEqual(before);
    expect(await office.rows('select 1 from countersign.reratings')).toEqual([]);
  });

  test('does not lose what had joined another one that broke off', async () => {
    const first = await priced('8');
    const second = await priced('9', 'rare');
    const failing = handler({
      booked: async () => {
        if ((await office.rows('select 1 from countersign.reratings where joined_to is not null')).length > 0)
          throw new Error('the worker died here');
      },
    });
    await expect(failing.deliver(first, GO)).rejects.toThrow('the worker died here');
    expect(await handler(null).deliver(second, GO)).toEqual({ outcome: 'delivered' });
    expect(await costOf('rare')).toBe('5');
    while ((await handler(null).deliver(first, GO)).outcome === 'postponed');
    expect(await costOf('rare')).toBe('9');
    await expectBooks(String(LINES * 8));
  });

  test('that comes after one was begun is done by itself', async () => {
    const first = await priced('1');
    expect(await handler(null, 2).deliver(first, GO)).toMatchObject({ outcome: 'postponed' });
    const second = await priced('2');
    for (const message of [second, first])
      while ((await handler(null, 5).deliver(message, GO)).outcome === 'postponed');
    await expectBooks(String(LINES * 2));
  });
});
