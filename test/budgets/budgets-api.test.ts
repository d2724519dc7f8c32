import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { Purse, usd } from './support/purse.ts';

let purse: Purse;

beforeAll(async () => {
  purse = await Purse.open();
});

afterAll(() => purse?.close());

/** Where nothing is said of caches, `fetch` asks for an answer that is no 304. */
const asBrowsersDo = (tag: string) => ({ 'if-none-match': tag, 'cache-control': 'max-age=0' });

describe('a budget', () => {
  test('is made, read, listed and changed, with an entity tag', async () => {
    const made = await purse.api.call('PUT', '/api/v1/teams/vision/budgets/calls', {
      amount: usd('100.5'),
      period: 'quarterly',
      warning_threshold: 70,
      exceeded_action: 'suspend',
      scope: { user_id: 'ann', provider: 'openai', model: 'gpt-4o' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'calls',
        scope: { user_id: 'ann', provider: 'openai', model: 'gpt-4o' },
        amount: usd('100.50'),
        settled: usd('0.00'),
        held: usd('0.00'),
        available: usd('100.50'),
        period: 'quarterly',
        timezone: 'Europe/Berlin',
        warning_threshold: 70,
        exceeded_action: 'suspend',
        state: 'open',
      },
    });
    const tag = made.headers.get('etag') ?? '';
    expect(await purse.api.call('GET', '/api/v1/teams/vision/budgets/calls')).toMatchObject({
      status: 200,
      body: made.body,
    });
    expect(
      (await purse.api.need('GET', '/api/v1/teams/vision/budgets')).items.map((item: { name: string }) => item.name),
    ).toContain('calls');
    const change = { amount: usd('200'), period: 'monthly' };
    expect(
      await purse.api.call('PUT', '/api/v1/teams/vision/budgets/calls', change, undefined, { 'if-match': tag }),
    ).toMatchObject({
      status: 200,
      body: { scope: {}, amount: usd('200.00'), exceeded_action: 'require_approval', warning_threshold: 80 },
    });
    expect(
      await purse.api.call('PUT', '/api/v1/teams/vision/budgets/calls', change, undefined, { 'if-match': tag }),
    ).toMatchObject({ status: 412 });
    const remove = (ifMatch: string) =>
      purse.api.call('DELETE', '/api/v1/teams/vision/budgets/calls', undefined, undefined, { 'if-match': ifMatch });
    expect(await remove(tag)).toMatchObject({ status: 412, body: { type: '/problems/precondition-failed' } });
    const now = (await purse.api.call('GET', '/api/v1/teams/vision/budgets/calls')).headers.get('etag') ?? '';
    expect((await remove(now)).status).toBe(204);
    expect((await purse.api.call('GET', '/api/v1/teams/vision/budgets/calls')).status).toBe(404);
  });

  test.each(['.', '..'])('cannot be called %s: no client could ask for it', async (name) => {
    const { ownerKey } = purse.system;
    // `fetch` takes it for a step of the path, however it is written.
    const asked = request(purse.system.baseUrl, {
      method: 'PUT',
      path: `/api/v1/teams/vision/budgets/${name}`,
      headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json' },
    });
    asked.end(JSON.stringify({ amount: usd('1'), period: 'monthly' }));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect({ status: answer.statusCode, body: await json(answer) }).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'path.name', message: expect.stringContaining('neither `.` nor `..`') }] },
    });
  });

  test.each([null, 'polled'])('of %s is read anew whoever has its version: figures change without it', async (team) => {
    await purse.team(team ?? 'below');
    await purse.budget(team, 'polled', '100');
    const path = team ? `/api/v1/teams/${team}/budgets/polled` : '/api/v1/organization/budgets/polled';
    const tag = (await purse.api.call('GET', path)).headers.get('etag') ?? '';
    const before = await purse.read(team, 'polled');
    const spender = team ?? 'below';
    await purse.spend(`polled-${spender}`, '5', { team_id: spender, user_id: `${spender}-user` });
    const read = await purse.api.call('GET', path, undefined, undefined, asBrowsersDo(tag));
    expect(read).toMatchObject({ status: 200, body: { ...before, settled: usd('5.00'), available: usd('95.00') } });
    expect(read.headers.get('etag')).toBe(tag);
    await purse.api.call('DELETE', path);
  });

  test('of the organization likewise', async () => {
    await purse.budget(null, 'everything', '1000000', { period: 'daily', timezone: 'Asia/Kathmandu' });
    expect(await purse.read(null, 'everything')).toMatchObject({
      name: 'everything',
      period: 'daily',
      timezone: 'Asia/Kathmandu',
    });
    expect((await purse.read(null, 'everything')).period_start).toMatch(/T18:15:00/);
    expect((await purse.api.need('GET', '/api/v1/organization/budgets')).items).toHaveLength(1);
    expect((await purse.api.call('DELETE', '/api/v1/organization/budgets/everything')).status).toBe(204);
  });

  test('starts with what was spent in its period before it was made, and counts the teams below', async () => {
    await purse.team('early');
    await purse.api.need('POST', '/api/v1/teams', { id: 'early-child', name: 'Child', parent_team_id: 'early' });
    await purse.spend('early-1', '12.5', { team_id: 'early-child' });
    await purse.budget('early', 'late', '20');
    expect(await purse.read('early', 'late')).toMatchObject({
      settled: usd('12.50'),
      available: usd('7.50'),
      state: 'open',
    });
    await purse.spend('early-2', '3.75', { team_id: 'early-child' });
    expect(await purse.read('early', 'late')).toMatchObject({ settled: usd('16.25'), state: 'warning' });
    await purse.spend('early-3', '10', { team_id: 'early-child' });
    expect(await purse.read('early', 'late')).toMatchObject({
      settled: usd('26.25'),
      available: usd('0.00'),
      state: 'exceeded',
    });
  });

  test('counts anew what was spent where its scope changes', async () => {
    await purse.team('rescoped');
    await purse.spend('rescoped-1', '2', { team_id: 'rescoped', user_id: 'rescoped-user' });
    await purse.spend('rescoped-2', '3', { team_id: 'rescoped', user_id: 'bob' });
    await purse.budget('rescoped', 'main', '10');
    expect(await purse.read('rescoped', 'main')).toMatchObject({ settled: usd('5.00') });
    await purse.budget('rescoped', 'main', '10', { scope: { user_id: 'bob' } });
    expect(await purse.read('rescoped', 'main')).toMatchObject({ settled: usd('3.00') });
    await purse.budget('rescoped', 'main', '10', { period: 'daily' });
    expect(await purse.read('rescoped', 'main')).toMatchObject({ settled: usd('5.00'), period: 'daily' });
  });

  test('is read by viewers, changed by finance, and neither by members', async () => {
    const body = { amount: usd('1'), period: 'monthly' };
    const put = (user: string) => purse.api.call('PUT', '/api/v1/teams/vision/budgets/guarded', body, purse.key(user));
    expect((await put('ann')).status).toBe(403);
    expect((await put('eye')).status).toBe(403);
    expect((await put('fin')).status).toBe(201);
    expect((await purse.api.call('GET', '/api/v1/teams/vision/budgets', undefined, purse.key('eye'))).status).toBe(200);
    expect((await purse.api.call('GET', '/api/v1/teams/vision/budgets', undefined, purse.key('ann'))).status).toBe(403);
    expect((await purse.api.call('PUT', '/api/v1/organization/budgets/guarded', body, purse.key('fin'))).status).toBe(
      403,
    );
    await purse.api.call('DELETE', '/api/v1/teams/vision/budgets/guarded');
  });

  test.each<[Record<string, unknown>, string]>([
    [{ amount: usd('-1') }, 'amount.value'],
    [{ amount: { value: '1', currency: 'EUR' } }, 'amount.currency'],
    [{ amount: { value: '1', currency: 'XQX' } }, 'amount.currency'],
    [{ period: 'hourly' }, 'period'],
    [{ warning_threshold: 0 }, 'warning_threshold'],
    [{ warning_threshold: 101 }, 'warning_threshold'],
    [{ exceeded_action: 'shout' }, 'exceeded_action'],
    [{ timezone: 'Mars/Olympus' }, 'timezone'],
    [{ scope: { user_id: 'nobody' } }, 'scope.user_id'],
    [{ scope: { city: 'Rome' } }, 'scope.city'],
    [{ colour: 'red' }, 'colour'],
  ])('is refused as %j', async (more, path) => {
    const { status, body } = await purse.api.call('PUT', '/api/v1/teams/vision/budgets/bad', {
      amount: usd('1'),
      period: 'monthly',
      ...more,
    });
    expect({ status, paths: body.errors?.map((error: { path: string }) => error.path) }).toEqual({
      status: 400,
      paths: [path],
    });
  });

  test('of a team that is not there is not found', async () => {
    for (const method of ['GET', 'DELETE'])
      expect((await purse.api.call(method, '/api/v1/teams/nowhere/budgets/x')).status).toBe(404);
    expect(
      (await purse.api.call('PUT', '/api/v1/teams/nowhere/budgets/x', { amount: usd('1'), period: 'daily' })).status,
    ).toBe(404);
    expect((await purse.api.call('GET', '/api/v1/teams/vision/budgets/none')).status).toBe(404);
  });
});

describe('an override', () => {
  test('raises the limit of the period, with a reason, and lifts a suspension', async () => {
    await purse.team('grace');
    await purse.budget('grace', 'tight', '10', { exceeded_action: 'suspend' });
    await purse.spend('grace-1', '11', { team_id: 'grace' });
    expect(await purse.read('grace', 'tight')).toMatchObject({ state: 'suspended' });
    const path = '/api/v1/teams/grace/budgets/tight/overrides';
    const override = await purse.api.call(
      'POST',
      path,
      { amount: usd('5'), reason: 'The evaluation ends on Friday' },
      undefined,
      { 'idempotency-key': 'grace-override' },
    );
    expect(override).toMatchObject({
      status: 201,
      body: { amount: usd('10.00'), limit: usd('15.00'), available: usd('4.00'), state: 'open' },
    });
    expect(
      (
        await purse.api.call('POST', path, { amount: usd('5'), reason: 'The evaluation ends on Friday' }, undefined, {
          'idempotency-key': 'grace-override',
        })
      ).status,
    ).toBe(201);
    expect(await purse.read('grace', 'tight')).toMatchObject({ limit: usd('15.00') });
    expect((await purse.reserve('4', { team_id: 'grace' })).status).toBe(201);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ reason: '' }, 'reason'],
    [{ reason: '  ' }, 'reason'],
    [{ amount: usd('0') }, 'amount.value'],
    [{ amount: { value: '1', currency: 'EUR' } }, 'amount.currency'],
    [{ until: '2001-01-01T00:00:00Z' }, 'until'],
  ])('is refused as %j', async (more, path) => {
    await purse.budget('vision', 'over', '10');
    const { status, body } = await purse.api.call('POST', '/api/v1/teams/vision/budgets/over/overrides', {
      amount: usd('1'),
      reason: 'Because',
      ...more,
    });
    expect({ status, paths: [...new Set(body.errors?.map((error: { path: string }) => error.path))] }).toEqual({
      status: 400,
      paths: [path],
    });
    await purse.api.call('DELETE', '/api/v1/teams/vision/budgets/over');
  });
});

describe('the budget `monthly`', () => {
  const settingsOf = (team: string) => `/api/v1/teams/${team}/billing/settings`;

  async function read(team: string): Promise<{ tag: string; amount: number | null }> {
    const { headers, body } = await purse.api.call('GET', settingsOf(team));
    return { tag: headers.get('etag') ?? '', amount: body.monthly_budget };
  }

  test('is changed with the version of the settings, so that a change of either that was not seen is not undone', async () => {
    await purse.team('seen');
    const put = (tag: string) =>
      purse.api.call('PUT', settingsOf('seen'), { monthly_budget: 7 }, undefined, { 'if-match': tag });
    const nothing = await read('seen');
    await purse.budget('seen', 'monthly', '5000');
    expect(await put(nothing.tag)).toMatchObject({ status: 412, body: { type: '/problems/precondition-failed' } });
    const made = await read('seen');
    expect(made).toMatchObject({ amount: 5000 });
    await purse.budget('seen', 'monthly', '4000');
    expect((await put(made.tag)).status).toBe(412);
    const changed = await read('seen');
    await purse.api.call('DELETE', '/api/v1/teams/seen/budgets/monthly');
    expect((await put(changed.tag)).status).toBe(412);
    const removed = await read('seen');
    expect(removed).toMatchObject({ amount: null });
    expect(await put(removed.tag)).toMatchObject({ status: 200, body: { monthly_budget: 7 } });
  });

  test('leaves the version of the settings where its amount stays, and other budgets always', async () => {
    await purse.team('same');
    await purse.api.need('PUT', settingsOf('same'), { monthly_budget: 10 });
    const before = await read('same');
    await purse.budget('same', 'monthly', '10.00', { warning_threshold: 50 });
    await purse.budget('same', 'other', '10.00');
    await purse.api.need('POST', '/api/v1/teams/same/budgets/monthly/overrides', {
      amount: usd('5'),
      reason: 'A test',
    });
    expect(await read('same')).toEqual(before);
  });

  test('is what the settings show, whoever has their version', async () => {
    await purse.team('fresh');
    const { tag } = await read('fresh');
    const polled = await purse.api.call('GET', settingsOf('fresh'), undefined, undefined, asBrowsersDo(tag));
    expect(polled).toMatchObject({ status: 200, body: { monthly_budget: null } });
  });

  test('is changed by one of many who read the same version of the settings', async () => {
    await purse.team('crowded');
    const { tag } = await read('crowded');
    const answers = await Promise.all([
      purse.api.call('PUT', '/api/v1/teams/crowded/budgets/monthly', { amount: usd('1'), period: 'monthly' }),
      ...[2, 3, 4].map((monthly_budget) =>
        purse.api.call('PUT', settingsOf('crowded'), { monthly_budget }, undefined, { 'if-match': tag }),
      ),
    ]);
    const changed = answers.slice(1).filter(({ status }) => status === 200);
    expect(changed.length).toBeLessThanOrEqual(1);
    expect([200, 201]).toContain(answers[0].status);
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{ scope: { user_id: 'ann' } }, ['scope']],
    [{ scope: { model: 'gpt-4o' } }, ['scope']],
    [{ period: 'weekly' }, ['period']],
    [{ period: 'daily', scope: { provider: 'openai' } }, ['scope', 'period']],
  ])('limits all that a team spends in a month, and is refused as %j', async (more, paths) => {
    const body = { amount: usd('10'), period: 'monthly', ...more };
    const answer = await purse.api.call('PUT', '/api/v1/teams/vision/budgets/monthly', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: paths.map((path) => ({ path, message: expect.stringContaining('Choose another name') })) },
    });
    expect((await purse.api.call('PUT', '/api/v1/organization/budgets/monthly', body)).status).toBe(201);
    await purse.api.call('DELETE', '/api/v1/organization/budgets/monthly');
  });
});

describe('billing settings', () => {
  test('make the monthly budget, and are merged deeply', async () => {
    await purse.team('billed');
    const path = '/api/v1/teams/billed/billing/settings';
    const settings = {
      monthly_budget: 2000,
      budget_alerts: { warning_threshold: 75, exceeded_action: 'restrict', restrict_to_models: ['gpt-4o-mini'] },
      cost_allocation: { method: 'usage_based' },
      reporting: { frequency: 'weekly', recipients: ['finance@company.com'], include_member_breakdown: true },
    };
    expect(await purse.api.call('PUT', path, settings)).toMatchObject({ status: 200, body: settings });
    const { database } = purse.system.core;
    const stored = await database
      .fork(DEFAULT_ORGANIZATION)
      .transactional((em) =>
        em.execute<{ settings: string }[]>('select settings::text as settings from countersign.billing_settings'),
      );
    expect(stored.length).toBeGreaterThan(0);
    expect(JSON.stringify(stored)).not.toContain('finance@company.com');
    expect(await purse.read('billed', 'monthly')).toMatchObject({
      amount: usd('2000.00'),
      warning_threshold: 75,
      exceeded_action: 'restrict',
      period: 'monthly',
    });
    await purse.api.need('PUT', path, {
      budget_alerts: { warning_threshold: 60 },
      reporting: { frequency: 'monthly' },
    });
    expect(await purse.api.need('GET', path)).toMatchObject({
      monthly_budget: 2000,
      budget_alerts: {
        warning_threshold: 60,
        exceeded_action: 'restrict',
        restrict_to_models: ['gpt-4o-mini'],
        hard_limit_percent: 110,
        increase_percent: 20,
      },
      reporting: { frequency: 'monthly', recipients: ['finance@company.com'] },
    });
    expect(await purse.read('billed', 'monthly')).toMatchObject({ warning_threshold: 60 });
    await purse.api.need('PUT', path, { monthly_budget: null, budget_alerts: { warning_threshold: null } });
    expect(await purse.api.need('GET', path)).toMatchObject({
      monthly_budget: null,
      budget_alerts: { warning_threshold: 80, exceeded_action: 'restrict' },
    });
    expect((await purse.api.call('GET', '/api/v1/teams/billed/budgets/monthly')).status).toBe(404);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ monthly_budget: -1 }, 'monthly_budget'],
    [{ budget_alerts: { warning_threshold: 200 } }, 'budget_alerts.warning_threshold'],
    [{ budget_alerts: { hard_limit_percent: 90 } }, 'budget_alerts.hard_limit_percent'],
    [{ reporting: { recipients: ['nobody'] } }, 'reporting.recipients.0'],
    [{ cost_allocation: { method: 'dice' } }, 'cost_allocation.method'],
    [{ budget_alerts: { colour: 1 } }, 'budget_alerts.colour'],
  ])('are refused as %j', async (body, path) => {
    const answer = await purse.api.call('PUT', '/api/v1/teams/vision/billing/settings', body);
    expect({ status: answer.status, paths: answer.body.errors?.map((error: { path: string }) => error.path) }).toEqual({
      status: 400,
      paths: [path],
    });
  });
});
