import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { budgetEnforcementActivities } from '../../activities/budget-enforcement.ts';
import { composeEnforcement } from '../../src/composition/enforcement.ts';
import type { BudgetEnforcementActivities, MeasureInput } from '../../workflows/contracts/budget-enforcement.ts';
import { TestClock } from '../http/support/test-clock.ts';
import { Purse } from './support/purse.ts';

let purse: Purse;
let admin: Client;
let activities: BudgetEnforcementActivities;
/** Ahead by more than a month. */
let late: BudgetEnforcementActivities;

beforeAll(async () => {
  purse = await Purse.open();
  await purse.api.person('vision', 'boss', ['admin']);
  admin = new Client({ connectionString: purse.system.databaseAdminUrl });
  await admin.connect();
  activities = budgetEnforcementActivities(composeEnforcement(purse.system.core));
  const clock = new TestClock();
  late = budgetEnforcementActivities(composeEnforcement({ ...purse.system.core, clock }));
  clock.advance(62 * 86_400_000);
});

afterAll(async () => {
  await admin?.end();
  await purse?.close();
});

/** A step that is decided on now, on a budget of this month that is used up. */
async function stepOf(name: string, exceededAction: string): Promise<MeasureInput> {
  await purse.budget('vision', name, '10', { exceeded_action: exceededAction });
  await purse.spend(name, '10');
  const { rows } = await admin.query<{ organization: string; period: string }>(
    `select p.organization_id as organization, p.id as period from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id where b.name = $1`,
    [name],
  );
  return { ...rows[0]!, measure: randomUUID(), at: purse.system.core.clock.now().getTime() };
}

async function measuresIn({ period }: MeasureInput): Promise<number> {
  const { rowCount } = await admin.query('select from countersign.budget_measures where period_id = $1', [period]);
  return rowCount ?? 0;
}

describe('a step whose attempts went on until its period was over', () => {
  test('closes nothing', async () => {
    const step = await stepOf('closing', 'suspend');
    await late.imposeMeasure({ ...step, kind: 'suspended' });
    expect(await measuresIn(step)).toBe(0);
  });

  test('asks nobody', async () => {
    const step = await stepOf('asking', 'require_approval');
    await late.askForIncrease(step);
    expect(await measuresIn(step)).toBe(0);
    expect((await purse.api.need('GET', '/api/v1/approvals?requester_id=countersign')).items).toEqual([]);
  });

  test('finds that it is over', async () => {
    const { measure: _, ...period } = await stepOf('looking', 'suspend');
    expect(await late.lookAtBudget(period)).toMatchObject({ step: { do: 'end' } });
  });
});

/** Does something while somebody reserves or books, and has not committed yet. */
async function whileSomebodyBooks(work: () => Promise<unknown>): Promise<void> {
  await admin.query('begin');
  try {
    await admin.query(`select set_config('app.organization', $1, true), countersign.lock_budget_books(false)`, [
      DEFAULT_ORGANIZATION,
    ]);
    await work();
  } finally {
    await admin.query('rollback');
  }
}

describe('asking for more', () => {
  test('waits for nobody who books meanwhile', async () => {
    const step = await stepOf('beside', 'require_approval');
    await whileSomebodyBooks(() => activities.askForIncrease(step));
    expect(await purse.read('vision', 'beside')).toMatchObject({ state: 'awaiting_approval' });
  }, 10_000);
});
