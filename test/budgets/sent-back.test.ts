import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiAnswer } from '../support/api-caller.ts';
import { Purse, usd } from './support/purse.ts';

let purse: Purse;

beforeAll(async () => {
  purse = await Purse.open();
  await purse.team('top');
  await purse.api.need('PUT', '/api/v1/teams/top/billing/settings', {
    approval_hierarchy: [{ role: 'manager', threshold: 500 }],
    approval_hierarchy_mode: 'authority',
  });
  await purse.team('below', { parent_team_id: 'top' });
});

afterAll(() => purse?.close());

function get(path: string): Promise<ApiAnswer> {
  return purse.api.call('GET', path);
}

/** Sends an answer back as it was read, by its entity tag. */
function sendBack(
  path: string,
  { body, headers }: ApiAnswer,
  change: Record<string, unknown> = {},
): Promise<ApiAnswer> {
  return purse.api.call('PUT', path, { ...body, ...change }, undefined, { 'if-match': headers.get('etag') ?? '' });
}

describe('what was read can be sent back', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['a budget', '/api/v1/teams/below/budgets/main', {}],
    [
      'a budget with a scope and terms of its own',
      '/api/v1/teams/below/budgets/scoped',
      {
        scope: { user_id: 'below-user', provider: 'openai', model: 'gpt-4o' },
        timezone: 'Asia/Tehran',
        warning_threshold: 33.33,
        exceeded_action: 'notify',
      },
    ],
    ['a monthly budget', '/api/v1/teams/below/budgets/monthly', {}],
    ['a budget of the organization', '/api/v1/organization/budgets/all', {}],
  ])('as %s: figures and state are ignored', async (_what, path, more) => {
    await purse.api.need('PUT', path, { amount: usd('100'), period: 'monthly', ...more });
    await purse.spend(`sent-${path}`, '90', { team_id: 'below', user_id: 'below-user' });
    await purse.reserve('1', { team_id: 'below', user_id: 'below-user', provider: 'openai', model: 'gpt-4o' });
    const before = await get(path);
    expect(await sendBack(path, before)).toMatchObject({ status: 200, body: before.body });
    expect((await get(path)).body).toEqual(before.body);
    expect((await sendBack(path, before)).status).toBe(412);
    expect(
      await purse.api.call('PUT', path, { ...before.body, limit: 'anything', state: 'open', amount: usd('200') }),
    ).toMatchObject({ status: 200, body: { limit: usd('200.00'), settled: before.body.settled } });
  });

  test.each<[string, Record<string, unknown>]>([
    ['nothing was set', {}],
    [
      'much was set',
      {
        monthly_budget: 2000.5,
        budget_alerts: { warning_threshold: 75, exceeded_action: 'restrict', restrict_to_models: ['gpt-4o-mini'] },
        cost_allocation: { method: 'fixed', shares: { vision: 2 } },
        reporting: { frequency: 'weekly', recipients: ['finance@company.test'], include_member_breakdown: true },
        cost_center: 'R&D',
      },
    ],
    ['the cost goes to several centres', { cost_center: null, charge_back_shares: { left: 1, right: 2 } }],
  ])('as billing settings where %s: what is inherited stays so', async (_what, settings) => {
    const path = '/api/v1/teams/below/billing/settings';
    await purse.api.need('PUT', path, settings);
    const before = await get(path);
    expect(before.body.inherited).toEqual({ approval_hierarchy: true, approval_hierarchy_mode: true });
    expect(await sendBack(path, before)).toMatchObject({ status: 200, body: before.body });
    expect((await get(path)).body).toEqual(before.body);
  });

  test('as billing settings of which an inherited one was changed: it is the team’s own then', async () => {
    await purse.team('own', { parent_team_id: 'top' });
    const path = '/api/v1/teams/own/billing/settings';
    const hierarchy = [{ role: 'manager', threshold: 100 }];
    const changed = await sendBack(path, await get(path), { approval_hierarchy: hierarchy });
    expect(changed).toMatchObject({
      status: 200,
      body: { approval_hierarchy: hierarchy, inherited: { approval_hierarchy: false } },
    });
    const before = await get(path);
    expect((await sendBack(path, before)).body).toEqual(before.body);
  });

  test('as billing settings without a word of what is inherited: all of it is the team’s own then', async () => {
    await purse.team('pinned', { parent_team_id: 'top' });
    const path = '/api/v1/teams/pinned/billing/settings';
    const { approval_hierarchy, approval_hierarchy_mode } = (await get(path)).body;
    expect(await purse.api.need('PUT', path, { approval_hierarchy, approval_hierarchy_mode })).toMatchObject({
      inherited: { approval_hierarchy: false, approval_hierarchy_mode: false },
    });
  });

  test('as the alerts of a bill, with those that are current', async () => {
    await purse.team('billed');
    const { budget_alerts } = (await get('/api/v1/teams/billed/billing')).body;
    expect(budget_alerts.current_alerts).toEqual([]);
    const { current_alerts: _, ...settings } = budget_alerts;
    expect(await purse.api.call('PUT', '/api/v1/teams/billed/billing/settings', { budget_alerts })).toMatchObject({
      status: 200,
      body: { budget_alerts: settings },
    });
  });

  test('as the organization’s settings', async () => {
    const path = '/api/v1/organization/settings';
    const before = await get(path);
    expect(await sendBack(path, before)).toMatchObject({ status: 200, body: before.body });
  });

  test.each(['/api/v1/teams/below/budgets/main', '/api/v1/teams/below/billing/settings'])(
    'with nothing that %s does not know',
    async (path) => {
      expect(await sendBack(path, await get(path), { colour: 'red' })).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'colour', message: 'is not a known field' }] },
      });
    },
  );
});

test('the reference says which fields are read only', async () => {
  const { components } = (await get('/openapi.json')).body;
  const readOnlyOf = (schema: string) =>
    Object.entries<{ readOnly?: boolean }>(components.schemas[schema].properties)
      .filter(([, { readOnly }]) => readOnly)
      .map(([name]) => name)
      .toSorted();
  const figures = ['available', 'held', 'limit', 'name', 'period_end', 'period_start', 'settled', 'state', 'uncounted'];
  expect(readOnlyOf('Budget')).toEqual(figures);
  expect(readOnlyOf('BudgetChange')).toEqual(figures);
  expect(components.schemas.BudgetChange).toMatchObject({
    additionalProperties: false,
    required: ['amount', 'period'],
  });
  expect(readOnlyOf('BillingSettings')).toEqual(['inherited']);
  expect(readOnlyOf('BillingSettingsChange')).toEqual(['inherited']);
});
