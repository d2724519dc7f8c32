import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SpendSink } from '../../src/usage/service.ts';
import { UsageIntake } from '../../src/usage/intake.ts';
import { KeyAuthenticator } from '../../src/tenancy/authenticator.ts';
import { newId } from '../../src/platform/ids.ts';
import { type Json, Office } from './api/support/office.ts';
import { comparable, ROLLUPS, ROLLUPS_OF_LEDGER } from './support/books.ts';

const DAY = 86_400_000;
const START = Date.now();
let office: Office;

beforeAll(async () => {
  office = await Office.open();
});

afterAll(() => office?.close());

/** Events of few teams, people and models, spread over three months, some without a price, so that many fall into one rollup. */
const someEvent: fc.Arbitrary<Json> = fc.record({
  id: fc.nat({ max: 400 }).map((number) => `id-${number}`),
  source: fc.constantFrom('a', 'b'),
  team_id: fc.constantFrom('research', 'lab'),
  user_id: fc.constantFrom('ana', 'ben'),
  provider: fc.constantFrom('openai', 'in-house'),
  model: fc.constantFrom('gpt-4o', 'gpt-4o-mini'),
  input_tokens: fc.nat({ max: 100_000 }),
  output_tokens: fc.nat({ max: 5_000 }),
  success: fc.boolean(),
  latency_ms: fc.nat({ max: 200_000 }),
  occurred_at: fc
    .integer({ min: -85 * DAY, max: 0 })
    .map((ms) => new Date(START + Math.round(ms / 900_000) * 900_000).toISOString()),
  cost: fc.option(
    fc.bigInt(0n, 10n ** 15n).map((units) => ({
      value: `${units / 10n ** 12n}.${(units % 10n ** 12n).toString().padStart(12, '0')}`,
      currency: 'USD',
    })),
    { nil: undefined },
  ),
});

async function expectBooksToAgree(): Promise<void> {
  const [kept, counted] = [comparable(await office.rows(ROLLUPS)), comparable(await office.rows(ROLLUPS_OF_LEDGER))];
  expect(kept).toEqual(counted);
}

/** An intake of its own, in this process, that can be told to fail after it has written. */
async function intake(sink: SpendSink | null) {
  const { core } = office.system;
  const caller = await new KeyAuthenticator(core.database, core.clock).authenticate(office.keys['service']!);
  const taking = new UsageIntake({ work: core.work, booking: core.usage.booking, sink });
  return (events: readonly unknown[]) =>
    taking.take(
      caller,
      { organization: caller.organization, actor: caller.actor, requestId: null },
      { id: newId(), repeated: false },
      events.map((event) => ({ event })),
    );
}

describe('rollups', () => {
  test('equal the ledger to the last digit, whatever is sent twice, late, in any order, by several at once, or taken back half-way', async () => {
    let failNext = false;
    let told = 0;
    const take = await intake({
      booked: async () => {
        told += 1;
        if (failNext) throw new Error('the process died here');
      },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(someEvent, { minLength: 1, maxLength: 60 }), { minLength: 2, maxLength: 6 }),
        fc.boolean(),
        async (batches, abort) => {
          failNext = abort;
          if (abort)
            await take(batches[0]!).catch((error: unknown) => expect(String(error)).toContain('the process died here'));
          failNext = false;
          // Everything twice, in two orders, at the same time.
          await Promise.all([
            ...batches.map((batch) => take(batch)),
            ...batches.toReversed().map((batch) => take(batch.toReversed())),
          ]);
          await expectBooksToAgree();
        },
      ),
      { numRuns: 25 },
    );
    expect(told).toBeGreaterThan(20);
    const [{ lines } = { lines: 0 }] = await office.rows<{ lines: number }>(
      'select count(*)::int as lines from countersign.ledger_lines',
    );
    expect(lines).toBeGreaterThan(100);
    const [{ ids } = { ids: 0 }] = await office.rows<{ ids: number }>(
      'select count(*)::int as ids from countersign.usage_ids',
    );
    expect(ids).toBe(lines);
  });

  test('tell whoever counts money exactly what was booked', async () => {
    const spent: string[] = [];
    const take = await intake({
      booked: async (_, spends) =>
        void spent.push(...spends.map(({ cost, currency }) => `${cost.toFixed()} ${currency}`)),
    });
    await take([
      {
        id: 'sink-1',
        team_id: 'lab',
        user_id: 'ben',
        provider: 'openai',
        model: 'gpt-4o',
        input_tokens: 1,
        output_tokens: 1,
        cost: { value: '0.1', currency: 'USD' },
        occurred_at: new Date(START - 1_000).toISOString(),
      },
    ]);
    await take([
      {
        id: 'sink-2',
        team_id: 'lab',
        user_id: 'ben',
        provider: 'in-house',
        model: 'unknown',
        input_tokens: 1,
        output_tokens: 1,
        occurred_at: new Date(START - 1_000).toISOString(),
      },
    ]);
    expect(spent).toEqual(['0.1 USD']);
  });

  test('count what an earlier attempt of the same request has booked as accepted', async () => {
    const { core } = office.system;
    const caller = await new KeyAuthenticator(core.database, core.clock).authenticate(office.keys['service']!);
    const taking = new UsageIntake({ work: core.work, booking: core.usage.booking, sink: null });
    const origin = { organization: caller.organization, actor: caller.actor, requestId: null };
    const events = [
      {
        event: {
          id: 'again',
          team_id: 'lab',
          user_id: 'ben',
          provider: 'openai',
          model: 'gpt-4o',
          input_tokens: 1,
          output_tokens: 1,
          occurred_at: new Date(START - 1_000).toISOString(),
        },
      },
    ];
    const id = newId();
    await taking.take(caller, origin, { id, repeated: false }, events);
    const entries = () =>
      office.rows<{ detail: Json }>(
        `select leaf::jsonb -> 'detail' as detail from countersign.audit_entries where resource_id = $1 order by id`,
        [id],
      );
    const [entry] = await entries();
    expect(await taking.take(caller, origin, { id, repeated: true }, events)).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: [],
    });
    await expectBooksToAgree();
    // The audit log says once what was booked.
    expect(await entries()).toEqual([entry]);
    const more = [...events, { event: { ...events[0]!.event, id: 'again, and more' } }];
    expect(await taking.take(caller, origin, { id, repeated: true }, more)).toMatchObject({ accepted: 2 });
    expect((await entries()).map(({ detail }) => detail['accepted'])).toEqual([1, 1]);
  });
});
