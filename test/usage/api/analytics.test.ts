import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exactly } from '../../../src/platform/money.ts';
import { allocatePools, sumUsage, sumUsageInWays, type UsageSums } from '../../../src/usage/service.ts';
import { event, type Json, Office } from './support/office.ts';

let office: Office;
let organization: string;
/** Midnight of Kolkata, half an hour off the full hours of UTC, some days ago. */
const MIDNIGHT = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 5 * 86_400_000 - 19_800_000;
const at = (ms: number) => new Date(MIDNIGHT + ms).toISOString();
const usd = (value: string) => ({ value, currency: 'USD' });

beforeAll(async () => {
  office = await Office.open();
  await office.report([
    event({ occurred_at: at(-1), cost: usd('100'), latency_ms: 40 }),
    event({ occurred_at: at(0), cost: usd('1'), latency_ms: 400, input_tokens: 10, cached_input_tokens: 4 }),
    event({
      occurred_at: at(86_399_999),
      cost: usd('0.000000000001'),
      user_id: 'ben',
      model: 'gpt-4o-mini',
      success: false,
    }),
    event({ occurred_at: at(86_400_000), cost: usd('1000') }),
    event({ occurred_at: at(1_000), cost: usd('7'), team_id: 'lab', provider: 'anthropic', model: 'claude' }),
    event({ occurred_at: at(2_000), provider: 'in-house', model: 'own' }),
  ]);
  organization = (
    await office.rows<{ organization_id: string }>('select distinct organization_id from countersign.usage_rollups')
  )[0]!.organization_id;
});

afterAll(() => office?.close());

const teamId = async (alias: string) =>
  (await office.rows<{ id: string }>('select id from countersign.teams where alias = $1', [alias]))[0]!.id;
const DAY = { from: new Date(MIDNIGHT), to: new Date(MIDNIGHT + 86_400_000) };
const ask = (query: string, key?: string) =>
  office.system.api('GET', `/api/v1/teams/research/analytics?${query}`, undefined, key);
const day = `from=${at(0)}&to=${at(86_400_000)}`;

describe('sums of usage', () => {
  test('begin and end exactly where they are to, also where that is no full hour of UTC', async () => {
    const teams = [await teamId('research')];
    const sums = (from: Date, to: Date) =>
      office.system.core.work.read(organization, (em) => sumUsage(em, { organization, teams, from, to }));
    const cost = async (from: number, to: number) =>
      (await sums(new Date(MIDNIGHT + from), new Date(MIDNIGHT + to)))[0]?.cost.toFixed() ?? null;
    expect(await cost(0, 86_400_000)).toBe('1.000000000001');
    expect(await cost(-1, 86_400_000)).toBe('101.000000000001');
    expect(await cost(0, 86_400_001)).toBe('1001.000000000001');
    expect(await cost(1, 86_399_999)).toBe('0');
    expect(await cost(0, 1)).toBe('1');
    expect(await cost(1, 1_000)).toBeNull();
    expect(await cost(0, 0)).toBeNull();
  });

  test('can be divided by anything, and add up to the total', async () => {
    for (const dimensions of [
      ['team'],
      ['person'],
      ['provider', 'model'],
      ['team', 'person', 'provider', 'model'],
      [{ day: 'Asia/Kolkata' }],
    ] as const) {
      const parts = await office.system.core.work.read(organization, (em) =>
        sumUsage(em, { organization, teams: null, ...DAY }, dimensions),
      );
      expect(parts.reduce((sum, part) => sum.plus(part.cost), exactly(0)).toFixed()).toBe('8.000000000001');
      expect(parts.reduce((sum, part) => sum + part.events, 0)).toBe(4);
      for (const part of parts) expect(part.keys).toHaveLength(dimensions.length);
    }
  });

  test('can be those of one person, provider, model or currency alone', async () => {
    const { work } = office.system.core;
    const sums = (of: NonNullable<Parameters<typeof sumUsage>[1]['of']>) =>
      work.read(organization, (em) =>
        sumUsage(em, { organization, teams: null, of, ...DAY }, ['person', 'provider', 'model']),
      );
    const texts = (found: readonly UsageSums[]) => found.map((sum) => sum.keys.join(' ')).toSorted();
    const all = await sums({});
    expect(all.length).toBeGreaterThan(1);
    for (const { keys, currency } of all) {
      const [person, provider, model] = keys;
      expect(await sums({ person: person!, provider: provider!, model: model!, currency })).toHaveLength(1);
      for (const [name, index] of [
        ['person', 0],
        ['provider', 1],
        ['model', 2],
      ] as const)
        expect(texts(await sums({ [name]: keys[index]! }))).toEqual(
          texts(all.filter((sum) => sum.keys[index] === keys[index])),
        );
      expect(await sums({ person: person!, currency: 'XTS' })).toEqual([]);
    }
  });

  test('can be divided in several ways at once, each as on its own', async () => {
    const { work } = office.system.core;
    const local = { day: 'Asia/Kolkata' };
    const ways = [['provider', 'model'], [], ['person'], [local], ['team', local]] as const;
    const scope = { organization, teams: null, ...DAY };
    const plain = (sums: readonly UsageSums[]) =>
      sums.map(({ cost, latency: { count }, ...sum }) => ({ ...sum, cost: cost.toFixed(), count })).toSorted(byKeys);
    const byKeys = (a: { keys: readonly string[] }, b: { keys: readonly string[] }) =>
      a.keys.join(' ') < b.keys.join(' ') ? -1 : 1;
    const together = await work.read(organization, (em) => sumUsageInWays(em, scope, ways));
    for (const [index, way] of ways.entries())
      expect(plain(together[index] ?? [])).toEqual(
        plain(await work.read(organization, (em) => sumUsage(em, scope, way))),
      );
  });

  test('of shared pools are divided among teams without a rest', async () => {
    const [pool, lab, berlin] = [await teamId('research'), await teamId('lab'), await teamId('berlin')];
    const shared = (method: 'usage_based' | 'even', keys: string[]) => ({
      team: pool,
      method,
      sharers: keys.map((key) => ({ key })),
    });
    const pools = [shared('usage_based', [lab, berlin]), shared('even', [pool, lab, berlin])];
    const found = await office.system.core.work.read(organization, (em) =>
      allocatePools(em, { organization, pools, ...DAY }),
    );
    expect(found).toMatchObject([
      {
        pool: pools[0],
        currency: 'USD',
        shares: [
          { key: lab, amount: exactly('1.000000000001') },
          { key: berlin, amount: exactly(0) },
        ],
      },
      { pool: pools[1], currency: 'USD' },
    ]);
    expect(found[1]?.shares.map((share) => share.amount.toFixed())).toEqual(
      [pool, lab, berlin].map((key, _, keys) => (key === keys.toSorted()[2] ? '0.333333333333' : '0.333333333334')),
    );
  });
});

describe('GET /teams/{team}/analytics', () => {
  test('shows what the team has used', async () => {
    const { status, body } = await ask(`include=usage,models,members&${day}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ team_id: 'research', currency: 'USD', from: at(0), to: at(86_400_000) });
    expect(body.usage).toMatchObject({
      requests: 3,
      failed_requests: 1,
      unpriced_requests: 1,
      cost: 1.000000000001,
      other_currencies: [],
      by_provider: { openai: { requests: 2 }, 'in-house': { requests: 1, cost: 0 } },
    });
    expect(body.usage.success_rate).toBeCloseTo(2 / 3);
    expect(body.usage.tokens).toMatchObject({ input_tokens: 2_010, cached_input_tokens: 4, output_tokens: 300 });
    expect(body.models.map((model: Json) => [model['provider'], model['model'], model['requests']])).toEqual([
      ['openai', 'gpt-4o', 1],
      ['openai', 'gpt-4o-mini', 1],
      ['in-house', 'own', 1],
    ]);
    expect(body.members.map((member: Json) => [member['user_id'], member['requests']])).toEqual([
      ['ana', 2],
      ['ben', 1],
    ]);
  });

  test('counts the teams below where that is asked for', async () => {
    expect((await ask(`${day}&descendants=true`)).body.usage).toMatchObject({ requests: 4, cost: 8.000000000001 });
    expect((await ask(`include=usage&${day}`)).body).not.toHaveProperty('models');
  });

  test('tells how long calls took', async () => {
    const { body } = await ask(`include=usage&from=${at(-3_600_000 * 2)}&to=${at(-1_800_000)}`);
    expect(body.usage.requests).toBe(0);
    const around = await ask(
      `include=usage&from=${new Date(MIDNIGHT - 1_800_000).toISOString()}&to=${new Date(MIDNIGHT + 1_800_000).toISOString()}`,
    );
    expect(around.body.usage.latency_ms).toMatchObject({ average: 220, p50: expect.any(Number) });
    expect(around.body.usage.latency_ms.p50).toBeGreaterThan(33);
    expect(around.body.usage.latency_ms.p99).toBeLessThanOrEqual(570);
  });

  test.each([
    ['include=colours', 'query.include'],
    [`from=${at(0)}&to=${at(0)}`, 'query.from'],
    ['from=2020-01-01T00:00:00Z', 'query.from'],
    ['from=yesterday', 'query.from'],
  ])('refuses ?%s', async (query, path) => {
    expect(await ask(query)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  test('is for those who may see the team’s spending', async () => {
    for (const [key, status] of [
      ['ana', 403],
      ['money', 200],
      ['lead', 200],
      ['service', 403],
    ] as const)
      expect({ key, status: (await ask(day, office.keys[key])).status }).toEqual({ key, status });
    expect(await office.system.api('GET', '/api/v1/teams/nowhere/analytics')).toMatchObject({ status: 404 });
  });
});
