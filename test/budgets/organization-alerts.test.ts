import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Purse } from './support/purse.ts';

let purse: Purse;

beforeAll(async () => {
  purse = await Purse.open();
});

afterAll(() => purse?.close());

function change(budgetAlerts: Record<string, unknown> | null) {
  return purse.api.need('PUT', '/api/v1/organization/settings', { budget_alerts: budgetAlerts });
}

/** @returns the status of the answer */
async function call(model: string, amount: string): Promise<number> {
  return (await purse.reserve(amount, { provider: 'openai', model })).status;
}

const DEFAULTS = {
  warning_threshold: 80,
  exceeded_action: 'require_approval',
  restrict_to_models: [],
  hard_limit_percent: 110,
  increase_percent: 20,
};

describe('`budget_alerts` of the organization', () => {
  test('hold for its budgets from the moment they are set, and are merged deeply', async () => {
    await purse.budget(null, 'everything', '100');
    await purse.budget('lab', 'own', '1000');
    await purse.spend('one', '100');
    expect(await call('cheap', '1')).toBe(402);
    const set = { exceeded_action: 'restrict', restrict_to_models: ['cheap'] };
    expect((await change(set)).budget_alerts).toEqual({ ...DEFAULTS, ...set });
    expect(await purse.read(null, 'everything')).toMatchObject({ exceeded_action: 'restrict', state: 'restricted' });
    expect(await purse.read('lab', 'own')).toMatchObject({ exceeded_action: 'require_approval' });
    expect(await call('dear', '1')).toBe(402);
    expect(await call('cheap', '11')).toBe(402);
    expect(await call('cheap', '10')).toBe(201);
    expect((await change({ hard_limit_percent: 120 })).budget_alerts).toEqual({
      ...DEFAULTS,
      ...set,
      hard_limit_percent: 120,
    });
    expect(await call('cheap', '10')).toBe(201);
    expect((await change(null)).budget_alerts).toEqual(DEFAULTS);
    expect(await call('cheap', '1')).toBe(402);
    expect(await purse.read(null, 'everything')).toMatchObject({ exceeded_action: 'require_approval' });
  });

  test('are an admin’s to change', async () => {
    const body = { budget_alerts: { increase_percent: 1000 } };
    expect(await purse.api.call('PUT', '/api/v1/organization/settings', body, purse.key('fin'))).toMatchObject({
      status: 403,
    });
  });
});
