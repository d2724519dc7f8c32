import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { ReservationSweeper } from '../../src/budgets/sweeper.ts';
import { TestClock } from '../http/support/test-clock.ts';
import { Purse, usd } from './support/purse.ts';

const DAY = 86_400_000;
const DAILY = { period: 'daily', timezone: 'UTC' };
const MANY = 240;
const clock = new TestClock();
let purse: Purse;
let other: Client;

beforeAll(async () => {
  purse = await Purse.open({ clock });
  other = new Client({ connectionString: purse.system.databaseAdminUrl });
  await other.connect();
  clock.advance(DAY / 2 - (clock.now().getTime() % DAY) + DAY); // noon of UTC
});

afterAll(async () => {
  await other?.end();
  await purse?.close();
});

async function team(id: string): Promise<{ team_id: string; user_id: string }> {
  await purse.team(id);
  return { team_id: id, user_id: `${id}-user` };
}

async function rows<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
  return (await other.query<Row>(sql, values)).rows;
}

/** Until somebody waits for a lock that the other connection has. */
async function somebodyWaits(): Promise<void> {
  for (;;) {
    const [row] = await rows<{ n: number }>(
      'select count(*)::int as n from pg_stat_activity a where pg_backend_pid() = any(pg_blocking_pids(a.pid))',
    );
    if (row!.n > 0) return;
  }
}

async function periodsOf(id: string): Promise<number> {
  const [row] = await rows<{ n: number }>(
    'select count(*)::int as n from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id join countersign.teams t on t.id = b.team_id where t.alias = $1',
    [id],
  );
  return row!.n;
}

describe('a hold that somebody is at', () => {
  test('counts in a budget that is made just then, whatever becomes of it', async () => {
    const who = await team('beside');
    await purse.hold('9', who);
    await other.query('begin');
    await other.query(
      `select from countersign.reservations r join countersign.teams t on t.id = r.team_id where t.alias = 'beside' for update of r`,
    );
    const made = purse.budget('beside', 'main', '10');
    await somebodyWaits();
    await other.query('rollback');
    expect(await made).toMatchObject({ held: usd('9.00'), available: usd('1.00') });
    expect((await purse.reserve('2', who)).status).toBe(402);
  });

  test('is not stood in the way of by a settlement that is refused', async () => {
    const who = await team('refusing');
    await purse.budget('refusing', 'main', '10');
    const id = await purse.hold('9', who);
    await other.query('begin');
    await other.query(`select from countersign.reservations where state = 'held' for no key update`);
    const { status } = await purse.settle(id, '1', { occurred_at: '2001-01-01T00:00:00Z' });
    await other.query('rollback');
    expect(status).toBe(400);
  });
});

describe('a budget that is changed', () => {
  test('beside the settings of its team keeps what it says', async () => {
    await team('twice');
    await purse.budget('twice', 'main', '1000');
    await other.query('begin');
    await other.query(`select set_config('app.organization', $1, true)`, [DEFAULT_ORGANIZATION]);
    await other.query('select countersign.lock_budget_books(true)');
    const settings = purse.api.need('PUT', '/api/v1/teams/twice/billing/settings', {
      budget_alerts: { warning_threshold: 50 },
    });
    await somebodyWaits();
    await other.query(
      `with changed as (update countersign.budgets b set amount = 100 from countersign.teams t where t.id = b.team_id and t.alias = 'twice' returning b.id)
       update countersign.budget_periods p set limit_amount = 100 from changed where p.budget_id = changed.id`,
    );
    await other.query('commit');
    await settings;
    expect(await purse.read('twice', 'main')).toMatchObject({ amount: usd('100.00'), limit: usd('100.00') });
  });
});

describe('an exchange rate', () => {
  test('that is set has every budget counted anew, a few at once and the others soon', async () => {
    await purse.team('abroad', { currency: 'EUR' });
    const names = Array.from({ length: 25 }, (_, index) => `abroad-${index}`);
    for (const name of names)
      await purse.budget(null, name, '1000000', { exceeded_action: 'notify', scope: { model: 'abroad' } });
    await purse.spend('abroad-1', '3', {
      team_id: 'abroad',
      user_id: 'abroad-user',
      model: 'abroad',
      cost: { value: '3', currency: 'EUR' },
    });
    await purse.api.need('PUT', '/api/v1/organization/exchange-rates/EUR/USD', { rate: '2' });
    await purse.system.core.budgets.keeper.keepUp(clock.now());
    const settled = await Promise.all(names.map(async (name) => (await purse.read(null, name)).settled.value));
    expect(new Set(settled)).toEqual(new Set(['6.00']));
    for (const name of names) await purse.api.call('DELETE', `/api/v1/organization/budgets/${name}`);
  });
});

describe('midnight', () => {
  test('of an organization with many budgets lets everybody go on', async () => {
    const who = await team('crowded');
    const models = Array.from({ length: MANY }, (_, index) => `model-${index}`);
    for (const model of models) await purse.budget('crowded', model, '10', { ...DAILY, scope: { model } });
    clock.advance(DAY);
    const done = new AbortController();
    const kept = purse.system.core.budgets.keeper.keepUp(clock.now()).finally(() => done.abort());
    const answers = new Set<number>();
    for (let index = MANY - 1; index >= 0 && !done.signal.aborted; index -= 8) {
      const calls = models.slice(Math.max(0, index - 8), index).map((model) => ({ ...who, provider: 'p', model }));
      for (const { status } of await Promise.all(calls.map((call) => purse.reserve('1', call)))) answers.add(status);
    }
    await kept;
    expect(answers).toEqual(new Set([201]));
    expect(await periodsOf('crowded')).toBe(2 * MANY);
  });

  test('is not begun for those who may not reserve', async () => {
    const who = await team('closed');
    await purse.budget('closed', 'main', '10', DAILY);
    clock.advance(DAY);
    expect((await purse.reserve('1', who, purse.key('ann'))).status).toBe(403);
    expect((await purse.reserve('1', { ...who, user_id: 'nobody' }, purse.key('ann'))).status).toBe(403);
    expect(await periodsOf('closed')).toBe(1);
    expect((await purse.reserve('1', { ...who, user_id: 'nobody' })).status).toBe(400);
    expect((await purse.reserve('1', who)).status).toBe(201);
    expect(await periodsOf('closed')).toBe(2);
  });

  test('moves for all budgets with the organization’s time zone, for a few at once and for the others soon', async () => {
    await team('zoned');
    for (let index = 0; index < 25; index += 1) await purse.budget('zoned', `b${index}`, '10', { period: 'daily' });
    await purse.api.need('PUT', '/api/v1/organization/settings', { timezone: 'Asia/Tokyo' });
    await purse.system.core.budgets.keeper.keepUp(clock.now());
    const starts = await rows<{ start: string }>(
      `select distinct to_char(p.starts_at at time zone 'UTC', 'HH24:MI') as start
       from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id join countersign.teams t on t.id = b.team_id where t.alias = 'zoned'`,
    );
    expect(starts).toEqual([{ start: '15:00' }]);
  });
});

describe('a budget of another kind of period', () => {
  test('has nothing of what was given for the one before', async () => {
    const who = await team('changing');
    await purse.budget('changing', 'main', '100');
    await purse.api.need('POST', '/api/v1/teams/changing/budgets/main/overrides', {
      amount: usd('50'),
      reason: 'For this month',
    });
    await purse.hold('30', who);
    await purse.spend('changing-1', '5', { team_id: 'changing' });
    expect(await purse.budget('changing', 'main', '40', DAILY)).toMatchObject({
      limit: usd('40.00'),
      settled: usd('5.00'),
      held: usd('30.00'),
    });
    expect((await purse.reserve('6', who)).status).toBe(402);
    expect((await purse.reserve('5', who)).status).toBe(201);
    // And back again: the month's override was for the account that is closed.
    expect(await purse.budget('changing', 'main', '100')).toMatchObject({ limit: usd('100.00'), held: usd('35.00') });
  });
});

describe('the sweeper', () => {
  test('waits for no organization: it comes again', async () => {
    const { database, budgets, logger } = purse.system.core;
    const sweeper = new ReservationSweeper({ database, keeper: budgets.keeper, clock, logger });
    const who = await team('swept');
    await purse.hold('1', { ...who, ttl: 'PT1S' });
    await sweeper.freeHolds();
    clock.advance(2_000);
    await other.query('begin');
    await other.query(`select set_config('app.organization', $1, true)`, [DEFAULT_ORGANIZATION]);
    await other.query('select countersign.lock_budget_books(true)');
    expect(await sweeper.freeHolds()).toBe(0);
    await other.query('rollback');
    expect(await sweeper.freeHolds()).toBe(1);
  });
});
