import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Purse, usd } from './support/purse.ts';

/** One model as providers name its snapshots, and names that are those of others. */
const SNAPSHOTS = [
  'claude-x',
  'claude-x-20250929',
  'claude-x@20250929',
  'claude-x-20250929-v1:0',
  'claude-x-2025-09-29',
];
const OTHERS = ['claude-x-mini', 'claude-x-mini-20250929', 'claude-x-20251329', 'claude', 'my-claude-x'];

let purse: Purse;

beforeAll(async () => {
  purse = await Purse.open();
});

afterAll(() => purse?.close());

/** A team of its own with one budget, for one model. */
async function funded(id: string, amount: string, model: string): Promise<{ team_id: string; user_id: string }> {
  await purse.team(id);
  await purse.budget(id, 'main', amount, { scope: { model } });
  return { team_id: id, user_id: `${id}-user` };
}

async function spendOnAll(id: string, cost: string): Promise<void> {
  for (const [index, model] of [...SNAPSHOTS, ...OTHERS].entries())
    await purse.spend(`${id}-${index}`, cost, { team_id: id, model });
}

const call = (model: string) => ({ provider: 'anthropic', model });

describe('a budget for a model', () => {
  test('counts usage of the model’s dated snapshots, and of nothing else', async () => {
    await funded('used', '100', 'claude-x');
    await spendOnAll('used', '1');
    expect(await purse.read('used', 'main')).toMatchObject({ settled: usd('5.00') });
  });

  test('that is made later starts with what they have cost and hold by then', async () => {
    await purse.team('later');
    await spendOnAll('later', '1');
    for (const model of [...SNAPSHOTS, ...OTHERS])
      await purse.hold('0.5', { team_id: 'later', user_id: 'later-user', ...call(model) });
    await purse.budget('later', 'main', '100', { scope: { model: 'claude-x' } });
    expect(await purse.read('later', 'main')).toMatchObject({ settled: usd('5.00'), held: usd('2.50') });
    await purse.budget('later', 'main', '100', { scope: { model: 'claude-x@20250929' } });
    expect(await purse.read('later', 'main')).toMatchObject({ settled: usd('1.00') });
  });

  test('cannot be walked around: what names a snapshot is held on it, and refused by it', async () => {
    const who = await funded('walked', '10', 'claude-x');
    for (const model of SNAPSHOTS) await purse.hold('2', { ...who, ...call(model) });
    expect(await purse.read('walked', 'main')).toMatchObject({ held: usd('10.00'), available: usd('0.00') });
    for (const model of SNAPSHOTS)
      expect(await purse.reserve('0.01', { ...who, ...call(model) })).toMatchObject({
        status: 402,
        body: { type: '/problems/budget-exceeded', budget: 'main' },
      });
    for (const model of OTHERS) expect((await purse.reserve('0.01', { ...who, ...call(model) })).status).toBe(201);
  });

  test('counts what a reserved call has cost, by whichever name the provider answers', async () => {
    const who = await funded('answered', '10', 'claude-x');
    const id = await purse.hold('4', { ...who, ...call('claude-x') });
    await purse.settle(id, '3', call('claude-x-20250929'));
    expect(await purse.read('answered', 'main')).toMatchObject({ settled: usd('3.00'), held: usd('0.00') });
    expect((await purse.reserve('7.01', { ...who, ...call('claude-x') })).status).toBe(402);
  });

  test('that names a snapshot is for that snapshot alone', async () => {
    const who = await funded('snapshot', '10', 'claude-x-20250929');
    await spendOnAll('snapshot', '1');
    expect(await purse.read('snapshot', 'main')).toMatchObject({ settled: usd('1.00') });
    expect((await purse.reserve('9.01', { ...who, ...call('claude-x-20250929') })).status).toBe(402);
    expect((await purse.reserve('9.01', { ...who, ...call('claude-x') })).status).toBe(201);
    expect((await purse.reserve('9.01', { ...who, ...call('claude-x-20250930') })).status).toBe(201);
  });

  test('is for its provider alone, whose name is compared as it is', async () => {
    await purse.team('provided');
    await purse.budget('provided', 'main', '10', { scope: { provider: 'anthropic', model: 'claude-x' } });
    await purse.spend('provided-1', '1', { team_id: 'provided', ...call('claude-x-20250929') });
    await purse.spend('provided-2', '1', { team_id: 'provided', provider: 'bedrock', model: 'claude-x-20250929' });
    await purse.spend('provided-3', '1', { team_id: 'provided', provider: 'anthropic-20250929', model: 'claude-x' });
    expect(await purse.read('provided', 'main')).toMatchObject({ settled: usd('1.00') });
  });
});

test('under `restrict`, a model that may go on does so by every name of its snapshots', async () => {
  await purse.team('strict');
  await purse.api.need('PUT', '/api/v1/teams/strict/billing/settings', {
    monthly_budget: 100,
    budget_alerts: {
      exceeded_action: 'restrict',
      restrict_to_models: ['claude-x', 'gpt-x-2025-09-29'],
      hard_limit_percent: 120,
    },
  });
  await purse.spend('strict-1', '100', { team_id: 'strict' });
  const reserve = async (model: string) => (await purse.reserve('1', { team_id: 'strict', ...call(model) })).status;
  for (const model of [...SNAPSHOTS, 'gpt-x-2025-09-29']) expect([model, await reserve(model)]).toEqual([model, 201]);
  for (const model of [...OTHERS, 'gpt-x', 'gpt-x-2025-09-30'])
    expect([model, await reserve(model)]).toEqual([model, 402]);
  expect(
    (await purse.reserve('15', { team_id: 'strict', ...call('claude-x-20250929') })).status, // 14 are left
  ).toBe(402);
});

test('what tokens of a snapshot may cost at most is told by the own rate of its model', async () => {
  await purse.team('priced');
  await purse.api.need('PUT', '/api/v1/organization/rates/anthropic/claude-x', {
    currency: 'USD',
    per_million: { input_tokens: '2', output_tokens: '8' },
    effective_from: '2026-01-01T00:00:00Z',
  });
  const tokens = { amount: undefined, max_input_tokens: 1_000_000, max_output_tokens: 100_000 };
  expect(
    await purse.reserve('', { team_id: 'priced', user_id: 'priced-user', ...call('claude-x-20250929'), ...tokens }),
  ).toMatchObject({ status: 201, body: { amount: usd('2.80') } });
});
