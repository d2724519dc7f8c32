import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ClaimedMessage } from '../../src/notify/service.ts';
import { RatingHandler } from '../../src/usage/rerating.ts';
import { createLogger } from '../../src/platform/observability/log.ts';
import { adoptCatalogue } from '../../src/usage/catalogue-adoption.ts';
import { OutdatedLists } from '../../src/usage/service.ts';
import { ago, event, Office } from './api/support/office.ts';
import { comparable, ROLLUPS, ROLLUPS_OF_LEDGER } from './support/books.ts';

let office: Office;

beforeAll(async () => {
  office = await Office.open();
  await office.report([event({ id: 'one', provider: 'openai', model: 'gpt-4o', occurred_at: ago(3_600_000) })]);
});

afterAll(() => office?.close());

const adopt = (version: string) => adoptCatalogue(office.system.core.database, version);
const TAKEN = `delete from countersign.outbox where channel = 'rating' returning id, organization_id, reference`;

/** Carries out what was ordered, as a process with price lists of a version. */
async function priceAgain(version: string, expected: object = { outcome: 'delivered' }): Promise<void> {
  const { work, usage } = office.system.core;
  const handler = new RatingHandler({ work, catalogue: usage.catalogue, sink: null, version });
  const rows = await office.rows<{ id: string; organization_id: string; reference: ClaimedMessage['reference'] }>(
    TAKEN,
  );
  for (const { organization_id: organization, ...row } of rows) {
    const message = { ...row, organization, channel: 'rating' as const, body: null, attempts: 1 };
    const delivery = await handler.deliver(
      { ...message, createdAt: new Date(), dueAt: new Date() },
      new AbortController().signal,
    );
    expect(delivery).toMatchObject(expected);
  }
}

/** The same call as it would have been booked by a program whose price list said twice as much. */
const BOOKED_BEFORE = `
  insert into countersign.ledger_lines select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'cost', l.cost * 2, 'price_version', 'an older list'))).*
  from countersign.ledger_lines l where l.model = 'gpt-4o' limit 1`;
const countedBefore = (table: string) => `
  update countersign.${table} r set events = r.events + 1, cost = r.cost + line.cost, input_tokens = r.input_tokens + line.input_tokens,
    cached_input_tokens = r.cached_input_tokens + line.cached_input_tokens, cache_write_tokens = r.cache_write_tokens + line.cache_write_tokens,
    output_tokens = r.output_tokens + line.output_tokens, latency_count = 2 * r.latency_count, latency_sum = 2 * r.latency_sum,
    latency_buckets = (select array_agg(2 * b order by n) from unnest(r.latency_buckets) with ordinality as x(b, n))
  from countersign.ledger_lines line where r.model = 'gpt-4o' and line.price_version = 'an older list'`;

describe('price lists that come with a new version of the program', () => {
  test('are noted the first time, and change nothing where they are the same', async () => {
    expect(await office.rows('select 1 from countersign.price_catalogues')).toEqual([]);
    expect([await adopt('1.1.0'), await adopt('1.1.0'), await adopt('1.1.0')]).toEqual([0, 0, 0]);
    expect(await office.rows(TAKEN)).toEqual([]);
  });

  test('have every organization looked through once, however many workers start at the same time', async () => {
    const [{ count } = { count: 0 }] = await office.rows<{ count: number }>(
      'select count(*)::int as count from countersign.organizations',
    );
    const concerned = await Promise.all(Array.from({ length: 5 }, () => adopt('1.2.0')));
    expect(concerned.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, count]);
    expect(await office.rows(TAKEN)).toHaveLength(count);
    await office.rows('delete from countersign.reratings');
  });

  test('correct by lines of their own what older ones have priced otherwise', async () => {
    await office.rows(BOOKED_BEFORE);
    for (const table of ['usage_rollups', 'usage_days']) await office.rows(countedBefore(table));
    const [before] = await office.rows<{ cost: string }>(
      'select min(cost)::text as cost from countersign.ledger_lines',
    );
    await adopt('1.3.0');
    await priceAgain('1.3.0');
    expect(
      await office.rows(`select kind, cost::text from countersign.ledger_lines where kind = 'correction'`),
    ).toEqual([{ kind: 'correction', cost: `-${before!.cost}` }]);
    expect(comparable(await office.rows(ROLLUPS))).toEqual(comparable(await office.rows(ROLLUPS_OF_LEDGER)));
    await adopt('1.4.0');
    await priceAgain('1.4.0');
    expect(await office.rows(`select 1 from countersign.ledger_lines where kind = 'correction'`)).toHaveLength(1);
  });

  test('are compared number by number, and older ones are never taken back', async () => {
    await adopt('1.9.9');
    await office.rows(TAKEN);
    expect(await adopt('1.10.0')).toBeGreaterThan(0);
    await office.rows(TAKEN);
    for (const older of ['1.9.9', '1.10', '0.99.0', '1.10.0']) expect(await adopt(older)).toBe(0);
    expect(await office.rows(TAKEN)).toEqual([]);
    await office.rows('delete from countersign.reratings');
  });

  test('price nothing again once newer ones were adopted, whatever asks for it', async () => {
    const rate = {
      currency: 'USD',
      per_million: { input_tokens: '77', output_tokens: '88' },
      effective_from: ago(86_400_000),
    };
    await office.system.need('PUT', '/api/v1/organization/rates/openai/gpt-4o', rate);
    const before = await office.rows('select id from countersign.ledger_lines order by id');
    const messages = await office.rows<{ reference: { rerating: string } }>(
      `select reference from countersign.outbox where channel = 'rating'`,
    );
    expect(messages).toHaveLength(1);
    await priceAgain('1.9.9', { outcome: 'postponed', until: expect.any(Date) });
    expect(await office.rows('select id from countersign.ledger_lines order by id')).toEqual(before);
    await office.rows(
      `insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
       select gen_random_uuid(), organization_id, 'rating', jsonb_build_object('rerating', id), now(), now() from countersign.reratings`,
    );
    await priceAgain('1.10.0');
    expect((await office.rows('select id from countersign.ledger_lines')).length).toBeGreaterThan(before.length);
  });

  test('that are older than those that were adopted are told of, now and then, and the docs say how to stay with them', async () => {
    const { database } = office.system.core;
    const looks: boolean[] = [];
    const logged: string[] = [];
    let now = new Date('2026-11-23T12:00:00Z');
    const lists = new OutdatedLists({
      database,
      logger: createLogger({ logLevel: 'info' }, { write: (line) => logged.push(JSON.parse(line).msg) }),
      clock: { now: () => now },
      onLook: (isOutdated) => looks.push(isOutdated),
    });
    await lists.adopt('1.10.0');
    expect({ looks, logged }).toEqual({ looks: [false], logged: [] });
    await lists.adopt('1.9.9');
    lists.look(true);
    now = new Date(now.getTime() + 599_999);
    lists.look(true);
    expect(logged).toEqual([expect.stringContaining('Going back')]);
    now = new Date(now.getTime() + 1);
    lists.look(true);
    expect(logged).toHaveLength(2);
    expect(looks).toEqual([false, true, true, true, true]);
    const document = await readFile(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8');
    const [, sql] = /^```sql\n-- older price lists\n(.*?)^```/ms.exec(document)!;
    await office.rows(sql!.replace('0.2.0', '1.10.0'));
    await lists.adopt('1.9.9');
    expect(looks.at(-1)).toBe(false);
  });
});
