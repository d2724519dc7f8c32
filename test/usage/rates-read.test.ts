import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Conversions, readRates } from '../../src/usage/rate-store.ts';
import { event, Office } from './api/support/office.ts';

const DAY = 86_400_000;
const NOON = Math.floor(Date.now() / DAY) * DAY - DAY / 2;
const DAYS = 400;
let office: Office;
let organization: string;

/** A rate for each of the last days, of three pairs. */
beforeAll(async () => {
  office = await Office.open();
  await office.report([event()]);
  const [row] = await office.rows<{ id: string }>('select organization_id as id from countersign.ledger_lines limit 1');
  organization = row!.id;
  await office.rows(
    `insert into countersign.exchange_rates (id, organization_id, from_currency, to_currency, version, rate, effective_from, created_at)
     select gen_random_uuid(), $1, a, b, ${DAYS} - day, 1, $2::timestamptz - make_interval(days => day), now()
     from generate_series(0, ${DAYS - 1}) day, (values ('USD', 'EUR'), ('EUR', 'USD'), ('GBP', 'EUR')) pair (a, b)`,
    [organization, new Date(NOON)],
  );
});

afterAll(() => office?.close());

const read = (more: Partial<Conversions>) =>
  office.system.core.work.read(organization, (em) =>
    readRates(em, organization, [], {
      from: [],
      to: ['EUR'],
      since: new Date(NOON + 60_000),
      until: new Date(NOON + 120_000),
      ...more,
    }),
  );

describe('where rates change every day', () => {
  test('no more of them are read than may hold for what is priced', async () => {
    const { exchange, begins } = await read({});
    expect(exchange).toEqual([
      { from: 'USD', to: 'EUR', version: DAYS, rate: '1.000000000000', effectiveFrom: new Date(NOON) },
    ]);
    // A quarter of an hour that it divides.
    expect(begins).toEqual([new Date(NOON)]);
    expect((await read({ since: new Date(NOON - 3 * DAY + 1) })).exchange.map(({ version }) => version)).toEqual(
      [3, 2, 1, 0].map((before) => DAYS - before),
    );
    expect((await read({ from: ['GBP'] })).exchange).toHaveLength(2);
  });

  test('none are read where nothing is converted', async () => {
    expect((await read({ to: ['USD'] })).exchange).toEqual([]);
    const later = { since: new Date(NOON + DAY / 4), until: new Date(NOON + DAY / 3) };
    expect((await read({ to: ['CHF'], ...later })).begins).toEqual([]);
  });

  test('those of prices of one’s own are read too', async () => {
    await office.system.need('PUT', '/api/v1/organization/rates/acme/pound', {
      currency: 'GBP',
      per_million: { input_tokens: '1' },
    });
    const { exchange } = await office.system.core.work.read(organization, (em) =>
      readRates(em, organization, [{ provider: 'acme', model: 'pound' }], {
        from: [],
        to: ['EUR'],
        since: new Date(NOON),
        until: new Date(NOON),
      }),
    );
    expect(exchange.map(({ from }) => from).toSorted()).toEqual(['GBP', 'USD']);
  });
});
