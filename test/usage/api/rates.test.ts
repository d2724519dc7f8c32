import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ago, event, type Json, Office } from './support/office.ts';
import { booked as bookedIn, putRate } from './support/own-rates.ts';

const HOUR = 3_600_000;
let office: Office;

beforeAll(async () => {
  office = await Office.open({ worker: true });
});

afterAll(() => office?.close());

const put = (provider: string, model: string, body: Json, more?: { key?: string; ifMatch?: string }) =>
  putRate(office, provider, model, body, more);
const booked = (model: string) => bookedIn(office, model);

describe('an own rate', () => {
  test('is read back as it was set, version by version', async () => {
    const first = await put('acme', 'v/one', {
      currency: 'USD',
      per_million: { input_tokens: '2.50', output_tokens: '10' },
      effective_from: '2026-01-01T00:00:00Z',
    });
    expect(first).toMatchObject({
      status: 200,
      body: {
        provider: 'acme',
        model: 'v/one',
        version: 1,
        per_million: { input_tokens: '2.50', output_tokens: '10' },
        tiers: [],
        per_call: null,
        batch_factor: '1',
        effective_from: '2026-01-01T00:00:00.000Z',
      },
    });
    expect(first.headers.get('etag')).toBe('"1"');
    expect(await put('acme', 'v/one', { currency: 'USD', per_million: null }, { ifMatch: '"7"' })).toMatchObject({
      status: 412,
    });
    expect(await put('acme', 'v/one', { currency: 'USD', per_million: null }, { ifMatch: '"1"' })).toMatchObject({
      status: 200,
      body: { version: 2, per_million: null },
    });
    expect(await office.system.api('GET', '/api/v1/organization/rates/acme/v%2Fone')).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
    expect(await office.system.api('GET', '/api/v1/organization/rates/acme/v%2Fone?version=1')).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    expect(await office.system.api('GET', '/api/v1/organization/rates/acme/other')).toMatchObject({ status: 404 });
    expect(
      (await office.system.need('GET', '/api/v1/organization/rates?limit=200')).items.map(
        (item: Json) => item['version'],
      ),
    ).toEqual(expect.arrayContaining([1, 2]));
  });

  test('of two that are set at once becomes two versions', async () => {
    const answers = await Promise.all(
      [1, 2, 3].map(() => put('acme', 'race', { currency: 'USD', per_million: { input_tokens: '1' } })),
    );
    expect(answers.map(({ body }) => body.version).toSorted()).toEqual([1, 2, 3]);
  });

  test('prices what had no price, once, by lines of their own', async () => {
    await office.report([
      event({ provider: 'acme', model: 'late', input_tokens: 1_000_000, output_tokens: 0, occurred_at: ago(5 * HOUR) }),
      event({ provider: 'acme', model: 'late', input_tokens: 500_000, output_tokens: 0, occurred_at: ago(2 * HOUR) }),
    ]);
    expect(await booked('late')).toEqual({ cost: '0', unpriced: 2, corrections: 0 });
    await put('acme', 'late', { currency: 'USD', per_million: { input_tokens: '3' }, effective_from: ago(3 * HOUR) });
    expect(await booked('late')).toEqual({ cost: '1.5', unpriced: 1, corrections: 1 });
    await put('acme', 'late', { currency: 'USD', per_million: { input_tokens: '3' }, effective_from: ago(6 * HOUR) });
    expect(await booked('late')).toEqual({ cost: '4.5', unpriced: 0, corrections: 2 });
    const lines = await office.rows(
      `select kind, trim_scale(cost)::text as cost, price_version, priced_by, input_tokens::int from countersign.ledger_lines where model = 'late' and corrects is not null order by id`,
    );
    expect(lines).toEqual([
      { kind: 'pricing', cost: '1.5', price_version: 'own acme/late v1', priced_by: 'own-rate', input_tokens: 0 },
      { kind: 'pricing', cost: '3', price_version: 'own acme/late v2', priced_by: 'own-rate', input_tokens: 0 },
    ]);
  });

  test('that was wrong is put right by the difference, and nothing that was booked is changed', async () => {
    await put('acme', 'wrong', { currency: 'USD', per_million: { input_tokens: '10' }, effective_from: ago(9 * HOUR) });
    await office.report([
      event({
        provider: 'acme',
        model: 'wrong',
        input_tokens: 1_000_000,
        output_tokens: 0,
        occurred_at: ago(5 * HOUR),
      }),
      event({
        provider: 'acme',
        model: 'wrong',
        input_tokens: 1_000_000,
        output_tokens: 0,
        cost: { value: '99', currency: 'USD' },
      }),
    ]);
    const before = await office.rows(`select * from countersign.ledger_lines where model = 'wrong' order by id`);
    await put('acme', 'wrong', { currency: 'USD', per_million: { input_tokens: '4' }, effective_from: ago(8 * HOUR) });
    // What was stated stays as it was.
    expect(await booked('wrong')).toEqual({ cost: '103', unpriced: 0, corrections: 1 });
    await put('acme', 'wrong', { currency: 'USD', per_million: { input_tokens: '5' }, effective_from: ago(8 * HOUR) });
    expect(await booked('wrong')).toEqual({ cost: '104', unpriced: 0, corrections: 2 });
    expect(
      await office.rows(
        `select * from countersign.ledger_lines where model = 'wrong' and corrects is null order by id`,
      ),
    ).toEqual(before);
  });

  test('comes before the public price list, until it is taken back', async () => {
    const call = () => event({ model: 'gpt-4o-mini', input_tokens: 1_000_000, output_tokens: 0 });
    await put('openai', 'gpt-4o-mini', {
      currency: 'USD',
      per_million: { input_tokens: '0.10' },
      effective_from: ago(HOUR),
    });
    await office.report([call()]);
    expect(await booked('gpt-4o-mini')).toMatchObject({ cost: '0.1' });
    await put('openai', 'gpt-4o-mini', { currency: 'USD', per_million: null, effective_from: ago(HOUR) });
    expect(await booked('gpt-4o-mini')).toEqual({ cost: '0.15', unpriced: 0, corrections: 1 });
  });

  test('misses no line that is booked while it is set', async () => {
    const report = async () => {
      for (let turn = 0; turn < 8; turn += 1)
        await office.report(
          Array.from({ length: 5 }, () =>
            event({ provider: 'acme', model: 'busy', input_tokens: 1_000_000, output_tokens: 0 }),
          ),
        );
    };
    await Promise.all([
      report(),
      report(),
      (async () => {
        for (const price of ['1', '2', '3', '4'])
          await put('acme', 'busy', {
            currency: 'USD',
            per_million: { input_tokens: price },
            effective_from: ago(HOUR),
          });
      })(),
    ]);
    expect(await booked('busy')).toMatchObject({ cost: '320', unpriced: 0 });
  });

  test.each([
    [{ currency: 'USD', per_million: {} }],
    [{ currency: 'USD' }],
    [{ currency: 'XXQ', per_million: { input_tokens: '1' } }],
    [{ currency: 'USD', per_million: { input_tokens: 1 } }],
    [{ currency: 'USD', per_million: { input_tokens: '-1' } }],
    [{ currency: 'USD', per_million: { input_tokens: '0.0000001' } }],
    [{ currency: 'USD', per_million: { input_tokens: '1' }, batch_factor: '2' }],
    [
      {
        currency: 'USD',
        per_million: { input_tokens: '1' },
        tiers: [{ above_input_tokens: 5, per_million: { output_tokens: '2' } }],
      },
    ],
  ])('as %j is refused', async (body) => {
    expect(await put('acme', 'refused', body)).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request' },
    });
  });

  test('is set by whoever manages the organization’s money', async () => {
    for (const key of ['ana', 'money', 'service'])
      expect(
        await put('acme', 'mine', { currency: 'USD', per_million: { input_tokens: '1' } }, { key: office.keys[key]! }),
      ).toMatchObject({ status: 403 });
    expect(await office.system.api('GET', '/api/v1/organization/rates', undefined, office.keys['ana'])).toMatchObject({
      status: 403,
    });
  });
});

describe('an exchange rate', () => {
  test('brings prices into the team’s currency, and prices what had to wait for it', async () => {
    await office.report([event({ team_id: 'berlin', model: 'gpt-4.1', input_tokens: 1_000_000, output_tokens: 0 })]);
    expect(await booked('gpt-4.1')).toMatchObject({ cost: '0', unpriced: 1 });
    expect(
      await office.report([event({ team_id: 'berlin', model: 'gpt-4.1', cost: { value: '1', currency: 'USD' } })]),
    ).toMatchObject({ rejected: [{ problem: { errors: [{ path: 'cost.currency' }] } }] });
    expect(
      await office.system.api('PUT', '/api/v1/organization/exchange-rates/USD/EUR', {
        rate: '0.9',
        effective_from: ago(HOUR),
      }),
    ).toMatchObject({ status: 200, body: { from: 'USD', to: 'EUR', rate: '0.90', version: 1 } });
    expect(await booked('gpt-4.1')).toMatchObject({ cost: '1.8', unpriced: 0, corrections: 1 });
    expect(
      await office.report([event({ team_id: 'berlin', model: 'gpt-4.1', cost: { value: '1', currency: 'USD' } })]),
    ).toMatchObject({ accepted: 1 });
    const [line] = await office.rows(
      `select currency, trim_scale(cost)::text as cost, price_version from countersign.ledger_lines where model = 'gpt-4.1' and priced_by = 'caller'`,
    );
    expect(line).toEqual({ currency: 'EUR', cost: '0.9', price_version: 'USD/EUR v1' });
    expect(await office.system.api('GET', '/api/v1/organization/exchange-rates/USD/EUR')).toMatchObject({
      status: 200,
      body: { rate: '0.90' },
    });
    expect(await office.system.api('PUT', '/api/v1/organization/exchange-rates/USD/USD', { rate: '1' })).toMatchObject({
      status: 400,
    });
    expect(
      await office.system.api('PUT', '/api/v1/organization/exchange-rates/USD/EUR', { rate: '0.00' }),
    ).toMatchObject({ status: 400 });
  });

  test('that was wrong is put right for costs that were stated in another currency, by the difference', async () => {
    const rate = (value: string) =>
      office.system.need('PUT', '/api/v1/organization/exchange-rates/CHF/EUR', {
        rate: value,
        effective_from: ago(2 * HOUR),
      });
    const call = (cost: Json, more: Json = {}) => event({ team_id: 'berlin', model: 'stated', cost, ...more });
    await rate('92');
    await office.report([
      call({ value: '10', currency: 'CHF' }),
      call({ value: '3', currency: 'EUR' }),
      call({ value: '1', currency: 'CHF' }, { occurred_at: ago(HOUR) }),
    ]);
    expect(await booked('stated')).toEqual({ cost: '1015', unpriced: 0, corrections: 0 });
    await rate('0.92');
    expect(await booked('stated')).toEqual({ cost: '13.12', unpriced: 0, corrections: 2 });
    await rate('0.91');
    expect(await booked('stated')).toEqual({ cost: '13.01', unpriced: 0, corrections: 4 });
    const lines = await office.rows(
      `select kind, trim_scale(cost)::text as cost, price_version, priced_by, trim_scale(stated_cost)::text as stated_cost, stated_currency
       from countersign.ledger_lines where model = 'stated' and (stated_cost = 10 or corrects in (select id from countersign.ledger_lines where stated_cost = 10)) order by id`,
    );
    const correction = { kind: 'correction', priced_by: 'caller', stated_cost: null, stated_currency: null };
    expect(lines).toEqual([
      {
        kind: 'usage',
        cost: '920',
        price_version: 'CHF/EUR v1',
        priced_by: 'caller',
        stated_cost: '10',
        stated_currency: 'CHF',
      },
      { ...correction, cost: '-910.8', price_version: 'CHF/EUR v2' },
      { ...correction, cost: '-0.1', price_version: 'CHF/EUR v3' },
    ]);
  });

  test('that makes a cost larger than can be booked keeps that event out, and no other', async () => {
    const set = (rate: string) =>
      office.system.api('PUT', '/api/v1/organization/exchange-rates/GBP/EUR', { rate, effective_from: ago(2 * HOUR) });
    expect(await set('1000000000')).toMatchObject({ status: 400, body: { errors: [{ path: 'rate' }] } });
    expect(await set('1')).toMatchObject({ status: 200 });
    const most = { value: '999999999999999.99', currency: 'GBP' };
    const call = (more: Json) => event({ team_id: 'berlin', model: 'much', ...more });
    expect(await office.report([call({ cost: most })])).toMatchObject({ accepted: 1 });
    expect(await set('999999999.99')).toMatchObject({ status: 200 });
    // What is booked stays where the new rate makes it too large.
    expect(await booked('much')).toEqual({ cost: most.value, unpriced: 0, corrections: 0 });
    const answer = await office.report([
      call({ cost: most }),
      call({ cost: { value: '2', currency: 'GBP' } }),
      call({ cost: { value: '1000001', currency: 'GBP' } }),
    ]);
    expect(answer).toMatchObject({
      accepted: 1,
      rejected: [0, 2].map((index) => ({ index, problem: { errors: [{ path: 'cost.value' }] } })),
    });
  });
});
