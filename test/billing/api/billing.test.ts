import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { presentBill } from '../../../src/billing/present.ts';
import { composeBilling } from '../../../src/composition/billing.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { KeyAuthenticator } from '../../../src/tenancy/authenticator.ts';
import { People } from '../../../src/tenancy/people.ts';
import { event, Office } from '../../usage/api/support/office.ts';

/** A Monday. */
const NOW = new Date('2026-11-16T10:30:00Z');
const usd = (value: string) => ({ value, currency: 'USD' });
const on = (day: string, time = '09:00') => `${day}T${time}:00Z`;

let now = NOW;
let office: Office;

beforeAll(async () => {
  office = await Office.open({ clock: { now: () => now } });
  await office.report([
    event({ occurred_at: on('2026-11-02'), cost: usd('100'), input_tokens: 10, output_tokens: 3 }),
    event({ occurred_at: on('2026-11-03'), cost: usd('0.000000000001'), user_id: 'ben', model: 'gpt-4o-mini' }),
    event({
      occurred_at: on('2026-11-03'),
      cost: usd('20.5'),
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      success: false,
    }),
    event({ occurred_at: on('2026-11-04'), cost: usd('7'), team_id: 'lab' }),
    event({ occurred_at: on('2026-10-31', '23:59'), cost: usd('1000') }),
    event({ occurred_at: on('2026-11-05'), provider: 'in-house', model: 'own' }),
  ]);
});

afterAll(() => office?.close());

const bill = (team = 'research', query = '', key?: string) =>
  office.system.api('GET', `/api/v1/teams/${team}/billing${query}`, undefined, key);
const settings = (team: string, body: object) =>
  office.system.api('PUT', `/api/v1/teams/${team}/billing/settings`, body);

describe('GET /teams/{team}/billing', () => {
  test('shows what the month has cost so far, and who spent it on what', async () => {
    const { status, body } = await bill();
    expect(status).toBe(200);
    expect(body).toMatchObject({ team_id: 'research', currency: 'USD', descendants: false });
    expect(body.billing_period).toMatchObject({
      period: '2026-11',
      start: '2026-11-01T00:00:00.000Z',
      end: '2026-12-01T00:00:00.000Z',
      state: 'current',
      total_cost: 120.500000000001,
      amount: usd('120.500000000001'),
      total_requests: 4,
      failed_requests: 1,
      unpriced_requests: 1,
      breakdown_by_provider: {
        openai: { cost: 100.000000000001, requests: 2, amount: usd('100.000000000001') },
        anthropic: { cost: 20.5, requests: 1 },
        'in-house': { cost: 0, requests: 1 },
      },
      breakdown_by_model: { 'gpt-4o': { cost: 100, requests: 1, providers: ['openai'] } },
      breakdown_by_member: { ana: { cost: 120.5, requests: 3 }, ben: { cost: 1e-12, requests: 1 } },
      other_currencies: [],
    });
    expect(body.billing_period.tokens).toMatchObject({ input_tokens: 3_010, output_tokens: 303 });
  });

  test('adds the teams below where that is asked for', async () => {
    const { body } = await bill('research', '?descendants=true');
    expect(body).toMatchObject({
      descendants: true,
      billing_period: { amount: usd('127.500000000001'), total_requests: 5 },
    });
  });

  test('knows months that are over, exactly, and those to come', async () => {
    const { body: past } = await bill('research', '?period=2026-10');
    expect(past.billing_period).toMatchObject({ state: 'past', total_cost: 1_000, total_requests: 1 });
    expect(past.projection).toMatchObject({
      projected_cost: 1_000,
      interval_80: [1_000, 1_000],
      interval_95: [1_000, 1_000],
      confidence: 1,
      confidence_level: 'high',
    });
    const { body: future } = await bill('research', '?period=2026-12');
    expect(future.billing_period).toMatchObject({ state: 'future', total_cost: 0, breakdown_by_provider: {} });
    expect(future.projection.projected_cost).toBeGreaterThan(0);
    expect(future.projection.interval_80[1]).toBeGreaterThan(future.projection.interval_80[0]);
  });

  test('shows what was reported in the very next answer', async () => {
    const requests = async () => (await bill('berlin')).body.billing_period.total_requests;
    const before = await requests();
    await office.report([
      event({ team_id: 'berlin', cost: { value: '1', currency: 'EUR' }, occurred_at: on('2026-11-16') }),
    ]);
    expect(await requests()).toBe(before + 1);
  });

  test('counts months as budgets do: in the team’s time zone, from the day that the fiscal year begins on', async () => {
    const { system } = office;
    await system.need('POST', '/api/v1/teams', { id: 'kolkata', name: 'Kolkata', timezone: 'Asia/Kolkata' });
    await office.report([
      event({ team_id: 'kolkata', occurred_at: '2026-11-14T18:29:59.999Z', cost: usd('1') }),
      event({ team_id: 'kolkata', occurred_at: '2026-11-14T18:30:00.000Z', cost: usd('2') }),
    ]);
    await system.need('PUT', '/api/v1/organization/settings', { fiscal_year_start: '04-15' });
    try {
      await settings('kolkata', { monthly_budget: 50 });
      const { body } = await bill('kolkata');
      expect(body.billing_period).toMatchObject({
        period: '2026-11',
        start: '2026-11-14T18:30:00.000Z',
        timezone: 'Asia/Kolkata',
        total_cost: 2,
      });
      expect(body.budgets).toMatchObject([
        {
          name: 'monthly',
          settled: usd('2.00'),
          period_start: body.billing_period.start,
          period_end: body.billing_period.end,
        },
      ]);
      expect((await bill('kolkata', '?period=2026-10')).body.billing_period.total_cost).toBe(1);
    } finally {
      await system.need('PUT', '/api/v1/organization/settings', { fiscal_year_start: '01-01' });
    }
  });

  test('calls those who were erased by no name', async () => {
    await office.system.person('research', 'gone', ['member']);
    await office.report([event({ user_id: 'gone', team_id: 'lab', cost: usd('3'), occurred_at: on('2026-11-06') })]);
    await office.rows(
      `update keyring.subject_keys set wrapped = null, destroyed_at = now()
       where id in (select person_id from countersign.usage_rollups where team_id = (select id from countersign.teams where alias = 'lab') and cost = 3)`,
    );
    // Another process has never had the key.
    const { core } = office.system;
    const stranger = composeBilling({ ...core, people: new People(core.master, new Vault(core.master)) }).billing;
    const caller = await new KeyAuthenticator(core.database, core.clock).authenticate(office.system.ownerKey);
    const found = await stranger.ofTeam(caller, 'lab', { period: null, descendants: false });
    const { breakdown_by_member: members } = presentBill('lab', false, found).billing_period;
    expect(members).toMatchObject({ '(erased)': { cost: 3, requests: 1 }, ana: { cost: 7 } });
  });
});

describe('budgets and alerts of a bill', () => {
  test('are the budgets of the team, with what is left, and its settings', async () => {
    await settings('research', {
      monthly_budget: '150',
      budget_alerts: { warning_threshold: 75, exceeded_action: 'notify' },
    });
    const { body } = await bill();
    expect(body.budgets).toMatchObject([
      { name: 'monthly', amount: usd('150.00'), held: usd('0.00'), exceeded_action: 'notify', state: 'warning' },
    ]);
    expect(body.budget_alerts).toMatchObject({
      warning_threshold: 75,
      exceeded_action: 'notify',
      hard_limit_percent: 110,
      current_alerts: [],
    });
    expect(body.projection).toMatchObject({ budget: usd('150.00'), currency: 'USD' });
    expect(body.projection.probability_of_exceeding).toBeGreaterThan(0);
  });

  test('hold the chance of exceeding against what the budget counts: the teams below as well', async () => {
    await office.system.need('POST', '/api/v1/teams', { id: 'holding', name: 'Holding' });
    await office.system.need('POST', '/api/v1/teams', { id: 'daughter', name: 'Daughter', parent_team_id: 'holding' });
    await office.report([event({ team_id: 'daughter', cost: usd('99'), occurred_at: on('2026-11-10') })]);
    await settings('holding', { monthly_budget: 90 });
    const { body } = await bill('holding');
    expect(body.billing_period.total_cost).toBe(0);
    expect(body.projection).toMatchObject({ projected_cost: 0, probability_of_exceeding: 1 });
  });

  test('say nothing of that chance where teams below spend other currencies, which are not in the projection', async () => {
    await office.system.need('POST', '/api/v1/teams', { id: 'group', name: 'Group' });
    await office.system.need('POST', '/api/v1/teams', {
      id: 'madrid',
      name: 'Madrid',
      parent_team_id: 'group',
      currency: 'EUR',
    });
    await settings('group', { monthly_budget: 90 });
    await office.system.need('PUT', '/api/v1/organization/exchange-rates/EUR/USD', {
      rate: '2',
      effective_from: on('2026-11-01'),
    });
    const spent = (more: object) => office.report([event({ occurred_at: on('2026-11-10'), ...more })]);
    await spent({ team_id: 'group', cost: usd('10') });
    expect((await bill('group')).body.projection.probability_of_exceeding).not.toBeNull();
    await spent({ team_id: 'madrid', cost: { value: '30', currency: 'EUR' } });
    for (const query of ['', '?descendants=true'])
      expect((await bill('group', query)).body).toMatchObject({
        budgets: [{ settled: usd('70.00') }],
        projection: { budget: usd('90.00'), probability_of_exceeding: null },
      });
  });
});

describe('the budgets of a month that is over', () => {
  const put = (team: string, name: string, more: object = {}) =>
    office.system.need('PUT', `/api/v1/teams/${team}/budgets/${name}`, {
      amount: usd('5'),
      period: 'monthly',
      exceeded_action: 'notify',
      ...more,
    });

  test('are those that there were then', async () => {
    await office.system.need('POST', '/api/v1/teams', { id: 'settled', name: 'Settled' });
    await office.report([event({ team_id: 'settled', cost: usd('8'), occurred_at: on('2026-11-03') })]);
    await put('settled', 'removed-later');
    try {
      now = new Date('2026-12-03T00:00:00Z');
      await office.system.need('DELETE', '/api/v1/teams/settled/budgets/removed-later');
      await put('settled', 'made-later', { amount: usd('1') });
      const names = async (period: string) =>
        (await bill('settled', `?period=${period}`)).body.budgets.map(({ name }: { name: string }) => name);
      expect(await names('2026-11')).toEqual(['removed-later']);
      expect(await names('2026-10')).toEqual([]);
      expect(await names('2026-12')).toEqual(['made-later']);
      const { body } = await bill('settled', '?period=2026-11');
      expect(body.projection).toMatchObject({ budget: usd('5.00'), probability_of_exceeding: 1 });
      expect(body.recommendations.map(({ category }: { category: string }) => category)).not.toContain('budget');
      expect(body.recommendations[0].message).toContain('at the prices of 2026-11-30');
    } finally {
      now = NOW;
    }
  });

  test('hold the month against the tightest limit, however many budgets there are', async () => {
    await office.system.need('POST', '/api/v1/teams', { id: 'crowded', name: 'Crowded' });
    await put('crowded', 'first', { scope: { model: 'gpt-4o' } });
    await office.rows(
      `insert into countersign.budgets (id, organization_id, team_id, name, model, amount, currency, period, version, created_at, updated_at)
       select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, organization_id, team_id, 'copy-' || n, 'model-' || n, amount, currency, period, 1, created_at, updated_at
       from countersign.budgets cross join generate_series(1, 210) n where name = 'first'`,
    );
    await put('crowded', 'tightest', { amount: usd('2') });
    const { body } = await bill('crowded');
    expect(body.projection.budget).toEqual(usd('2.00'));
    expect(body.budgets.map(({ name }: { name: string }) => name)).toContain('tightest');
  });
});

describe('recommendations of a bill', () => {
  test('name a smaller model of the same generation, and what the same tokens cost there', async () => {
    await office.system.need('POST', '/api/v1/teams', { id: 'thrifty', name: 'Thrifty' });
    await office.report(
      Array.from({ length: 40 }, (_, index) =>
        event({
          team_id: 'thrifty',
          input_tokens: 20_000,
          output_tokens: 1_000,
          occurred_at: on(`2026-11-${String(1 + (index % 15)).padStart(2, '0')}`),
          success: index % 5 !== 0,
        }),
      ),
    );
    const { body } = await bill('thrifty');
    const byCategory = new Map<string, (typeof body.recommendations)[number]>(
      body.recommendations.map((found: { category: string }) => [found.category, found]),
    );
    const smaller = byCategory.get('model_optimization');
    expect(smaller).toMatchObject({
      priority: 'high',
      from: { provider: 'openai', model: 'gpt-4o' },
      to: { provider: 'openai', model: 'gpt-4o-mini' },
      implementation_effort: 'moderate',
    });
    const { projected_cost: projected } = body.projection;
    expect(smaller.estimated_monthly_savings).toBeGreaterThan(0.8 * projected);
    expect(smaller.estimated_monthly_savings).toBeLessThan(projected);
    expect(smaller.message).toContain('at the prices of 2026-11-16');
    expect(smaller.interval[0]).toBeLessThanOrEqual(smaller.estimated_monthly_savings);
    expect(byCategory.get('prompt_caching')).toMatchObject({ interval: [0, expect.any(Number)] });
    expect(byCategory.get('batching')?.estimated_monthly_savings).toBeCloseTo(projected / 8, 6);
    expect(byCategory.get('failed_requests')?.message).toContain('8 of 40');
  });

  test('count at the own rate of the model where a dated snapshot was used', async () => {
    const { system } = office;
    await system.need('POST', '/api/v1/teams', { id: 'dated', name: 'Dated' });
    const found = async () =>
      (await bill('dated')).body.recommendations.map(({ category, from }: { category: string; from: object }) => ({
        category,
        ...from,
      }));
    const batching = { category: 'batching', provider: 'openai', model: 'gpt-4.1-2025-04-14' };
    await office.report([
      event({
        team_id: 'dated',
        model: batching.model,
        input_tokens: 20_000,
        occurred_at: on('2026-11-02'),
        cost: usd('100'),
      }),
    ]);
    expect(await found()).toContainEqual(batching);
    // Without a batch factor, batches cost what other calls do.
    await system.need('PUT', '/api/v1/organization/rates/openai/gpt-4.1', {
      currency: 'USD',
      per_million: { input_tokens: '3', output_tokens: '9' },
      effective_from: on('2026-11-01'),
    });
    expect(await found()).not.toContainEqual(batching);
  });

  test('name another provider that runs the same model for less', async () => {
    await office.system.need('POST', '/api/v1/teams', { id: 'open-weights', name: 'Open weights' });
    const dear = { provider: 'groq', model: 'openai/gpt-oss-120b' };
    await office.system.need('PUT', '/api/v1/organization/rates/groq/openai%2Fgpt-oss-120b', {
      currency: 'USD',
      per_million: { input_tokens: '90', output_tokens: '90' },
      effective_from: on('2026-01-01'),
    });
    await office.report([event({ ...dear, team_id: 'open-weights', occurred_at: on('2026-11-10') })]);
    const { body } = await bill('open-weights');
    const found = body.recommendations.find(({ category }: { category: string }) => category === 'provider_switch');
    expect(found).toMatchObject({ from: dear, to: { model: expect.stringMatching(/gpt-oss-120b$/i) } });
    expect(found.to.provider).not.toBe('groq');
  });

  test('say where calls have no price, and promise nothing for it', async () => {
    const { body } = await bill();
    expect(body.recommendations).toContainEqual(
      expect.objectContaining({
        category: 'unpriced_usage',
        from: { provider: 'in-house', model: 'own' },
        estimated_monthly_savings: 0,
      }),
    );
  });
});

describe('a bill is refused', () => {
  test.each(['2026-13', '2026-1', '2026-11-01', 'november', '1999-01', ''])('for the period %j', async (period) => {
    expect(await bill('research', `?period=${period}`)).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ path: 'query.period' }] },
    });
  });

  test('for what it does not know', async () => {
    expect(await bill('research', '?descendants=maybe')).toMatchObject({ status: 400 });
    expect(await bill('research', '?month=11')).toMatchObject({ status: 400 });
    expect(await bill('nowhere')).toMatchObject({ status: 404, body: { type: '/problems/not-found' } });
  });

  test('to those who may not see the team’s spending', async () => {
    const other = (await office.system.need('POST', '/api/v1/organizations', { name: 'Another' })).owner_key;
    for (const [key, status] of [
      [office.keys['ana'], 403],
      [office.keys['service'], 403],
      [office.keys['lead'], 200],
      [office.keys['money'], 200],
      [other, 404],
    ] as const)
      expect((await bill('research', '', key)).status).toBe(status);
  });
});
