import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import type { PeriodKeeper } from '../../src/budgets/period-keeper.ts';
import { composeEnforcement } from '../../src/composition/enforcement.ts';
import { TestClock } from '../http/support/test-clock.ts';
import { alertsOf } from './support/alerts.ts';
import { Purse, usd } from './support/purse.ts';

const DAY = 86_400_000;
const DAILY = { period: 'daily', timezone: 'UTC' };
const clock = new TestClock();
let purse: Purse;
let keeper: PeriodKeeper;

beforeAll(async () => {
  purse = await Purse.open({ clock });
  keeper = purse.system.core.budgets.keeper;
  clock.advance(DAY / 2 - (clock.now().getTime() % DAY) + DAY); // noon of UTC
});

afterAll(() => purse?.close());

/** A team of its own with one budget. */
async function funded(
  id: string,
  amount: string,
  more: Record<string, unknown> = {},
): Promise<{ team_id: string; user_id: string }> {
  await purse.team(id);
  await purse.budget(id, 'main', amount, more);
  return { team_id: id, user_id: `${id}-user` };
}

function query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
  return purse.system.core.database.fork(DEFAULT_ORGANIZATION).transactional((em) => em.execute<Row[]>(sql, values));
}

async function told(team: string): Promise<string[]> {
  const rows = await query<{ type: string }>(
    `select o.reference->>'type' as type from countersign.outbox o join countersign.budgets b on b.id = (o.reference->>'budget')::uuid join countersign.teams t on t.id = b.team_id
     where o.channel = 'budget' and t.alias = ? order by o.created_at`,
    [team],
  );
  return rows.map(({ type }) => type);
}

async function periodsOf(team: string): Promise<{ id: string; limit_until: string | null }[]> {
  return query(
    `select p.id, p.limit_until from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id join countersign.teams t on t.id = b.team_id where t.alias = ? order by p.starts_at`,
    [team],
  );
}

function midnightBefore(at: Date): Date {
  return new Date(at.getTime() - (at.getTime() % DAY));
}

describe('a period in which nobody reserves anything', () => {
  test('is shown from the ledger at once, and is begun by the worker, which tells what it has crossed', async () => {
    await funded('reporting', '10', DAILY);
    await purse.spend('reporting-1', '3', { team_id: 'reporting' });
    clock.advance(DAY);
    await purse.spend('reporting-2', '9', { team_id: 'reporting' });
    expect(await periodsOf('reporting')).toHaveLength(1);
    const today = {
      settled: usd('9.00'),
      available: usd('1.00'),
      state: 'warning',
      period_start: midnightBefore(clock.now()).toISOString(),
    };
    expect(await purse.read('reporting', 'main')).toMatchObject(today);
    expect(await told('reporting')).toEqual([]);
    await keeper.keepUp(clock.now());
    expect(await told('reporting')).toEqual(['warning-crossed']);
    expect(await periodsOf('reporting')).toHaveLength(2);
    expect(await purse.read('reporting', 'main')).toMatchObject(today);
    await purse.spend('reporting-3', '1', { team_id: 'reporting' });
    expect(await told('reporting')).toEqual(['warning-crossed', 'limit-reached']);
    await keeper.keepUp(clock.now());
    expect(await told('reporting')).toHaveLength(2);
  });

  test('ends its overrides all the same', async () => {
    await funded('lapsing', '10', DAILY);
    await purse.api.need('POST', '/api/v1/teams/lapsing/budgets/main/overrides', {
      amount: usd('5'),
      until: new Date(clock.now().getTime() + 60_000).toISOString(),
      reason: 'One more run',
    });
    await purse.spend('lapsing-1', '11', { team_id: 'lapsing' });
    expect(await purse.read('lapsing', 'main')).toMatchObject({ limit: usd('15.00'), state: 'open' });
    clock.advance(61_000);
    expect(await purse.read('lapsing', 'main')).toMatchObject({ limit: usd('10.00'), state: 'exceeded' });
    expect(await told('lapsing')).toEqual([]);
    await keeper.keepUp(clock.now());
    expect(await periodsOf('lapsing')).toMatchObject([{ limit_until: null }]);
    expect(await told('lapsing')).toEqual(['limit-reached']);
  });

  test('that was never begun shows the whole organization’s spending, too', async () => {
    await purse.budget(null, 'robots', '100', { ...DAILY, scope: { model: 'robot' } });
    clock.advance(DAY);
    await purse.spend('robots-1', '7', { model: 'robot' });
    await purse.spend('robots-2', '1');
    expect(await purse.read(null, 'robots')).toMatchObject({ settled: usd('7.00') });
    await purse.api.call('DELETE', '/api/v1/organization/budgets/robots');
  });
});

describe('a period that many wait for', () => {
  test('is begun once, and told of once', async () => {
    const who = await funded('herd', '100', DAILY);
    await purse.hold('1', who);
    clock.advance(DAY);
    await keeper.keepUp(clock.now());
    const version = async () =>
      (await query<{ version: number }>('select version from countersign.budget_books'))[0]!.version;
    clock.advance(DAY);
    const before = await version();
    const models = ['a', 'b', 'c', 'd', 'e', 'f'];
    const answers = await Promise.all(models.map((model) => purse.reserve('1', { ...who, provider: 'p', model })));
    expect(answers.map(({ status }) => status)).toEqual(models.map(() => 201));
    // What others remember of the organization's budgets stays good.
    expect(await version()).toBe(before);
    expect(await periodsOf('herd')).toHaveLength(3);
    expect(await purse.read('herd', 'main')).toMatchObject({ held: usd('6.00') });
  });
});

describe('a hold', () => {
  test('that was there before a budget counts in it from the start, and goes off it when it ends', async () => {
    await purse.team('midway');
    const who = { team_id: 'midway', user_id: 'midway-user' };
    const first = await purse.hold('6', who);
    const second = await purse.hold('2', { ...who, provider: 'openai', model: 'other' });
    const journal = async () =>
      (await query<{ n: number }>('select count(*)::int as n from countersign.reservation_changes'))[0]!.n;
    const changes = await journal();
    await purse.budget('midway', 'main', '10');
    await purse.budget('midway', 'gpt', '10', { scope: { model: 'gpt-4o' } });
    await purse.budget('midway', 'of-ann', '10', { scope: { user_id: 'ann' } });
    const held = async () =>
      Promise.all(['main', 'gpt', 'of-ann'].map(async (name) => (await purse.read('midway', name)).held.value));
    expect(await held()).toEqual(['8.00', '6.00', '0.00']);
    // The reservations are what they were.
    expect(await journal()).toBe(changes);
    expect((await purse.reserve('3', who)).status).toBe(402);
    await purse.budget('midway', 'main', '11');
    expect(await held()).toEqual(['8.00', '6.00', '0.00']);
    await purse.release(first);
    await purse.settle(second, '1', { model: 'other' });
    expect(await held()).toEqual(['0.00', '0.00', '0.00']);
    expect(await purse.read('midway', 'main')).toMatchObject({ settled: usd('1.00') });
  });

  test('that is being made when a budget is counts in it', async () => {
    await purse.team('busy');
    const [team] = await query<{ id: string }>(`select id from countersign.teams where alias = 'busy'`);
    let making: Promise<unknown> = Promise.resolve();
    let isMade = false;
    await purse.system.core.database.fork(DEFAULT_ORGANIZATION).transactional(async (em) => {
      const [answer] = await em.execute<{ outcome: string }[]>(
        `select outcome from countersign.reserve(gen_random_uuid(), '\\x00', ?::uuid, gen_random_uuid(), null, null, 7, 'USD', ?::timestamptz, ?::timestamptz, '{}', '{}',
           coalesce((select version from countersign.budget_books), 0), false)`,
        [team!.id, clock.now(), new Date(clock.now().getTime() + 60_000)],
      );
      expect(answer).toEqual({ outcome: 'held' });
      making = purse.budget('busy', 'main', '10').then(() => (isMade = true));
      const waits = `select from pg_locks where locktype = 'advisory' and not granted`;
      await purse.system.until(async () => isMade || (await query(waits)).length > 0, 'the budget waits', 10_000);
    });
    await making;
    expect(await purse.read('busy', 'main')).toMatchObject({ held: usd('7.00') });
  });

  test('over midnight counts in both days, and its cost in the day in which it was made', async () => {
    const who = await funded('late-night', '10', DAILY);
    clock.advance(midnightBefore(clock.now()).getTime() + DAY - clock.now().getTime() - 30_000);
    const yesterday = clock.now();
    const ids = [await purse.hold('4', who), await purse.hold('3', who)];
    clock.advance(60_000);
    expect((await purse.reserve('4', who)).status).toBe(402);
    expect(await purse.read('late-night', 'main')).toMatchObject({ settled: usd('0.00'), held: usd('7.00') });
    expect(await purse.settle(ids[0]!, '4')).toMatchObject({ status: 200 });
    expect(await purse.read('late-night', 'main')).toMatchObject({ settled: usd('0.00'), held: usd('3.00') });
    expect(await purse.settle(ids[1]!, '2', { occurred_at: clock.now().toISOString() })).toMatchObject({ status: 200 });
    expect(await purse.read('late-night', 'main')).toMatchObject({ settled: usd('2.00'), held: usd('0.00') });
    const [row] = await query<{ settled: string }>('select settled from countersign.budget_periods where id = ?', [
      (await periodsOf('late-night'))[0]!.id,
    ]);
    expect(Number(row!.settled)).toBe(4);
    const [line] = await query<{ occurred_at: string }>(
      `select l.occurred_at from countersign.ledger_lines l join countersign.teams t on t.id = l.team_id where t.alias = 'late-night' and l.cost = 4`,
    );
    expect(Math.abs(new Date(line!.occurred_at).getTime() - yesterday.getTime())).toBeLessThan(10_000);
    clock.advance(DAY / 2);
  });

  test('is not settled with a call from before it was made', async () => {
    const who = await funded('backdated', '10');
    const id = await purse.hold('4', who);
    const ago = (ms: number) => ({ occurred_at: new Date(clock.now().getTime() - ms).toISOString() });
    expect(await purse.settle(id, '4', ago(3_600_000))).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ path: 'event.occurred_at' }] },
    });
    expect(await purse.read('backdated', 'main')).toMatchObject({ settled: usd('0.00'), held: usd('4.00') });
    // Clocks differ a little.
    expect(await purse.settle(id, '4', ago(30_000))).toMatchObject({ status: 200 });
  });
});

describe('the calendar of the organization', () => {
  test('moves the periods of its budgets when it changes, and what was spent is counted anew', async () => {
    await funded('moving', '10', { period: 'daily' });
    await purse.budget('moving', 'fixed', '10', DAILY);
    const midnight = midnightBefore(clock.now()).getTime();
    const at = (ms: number) => ({ team_id: 'moving', occurred_at: new Date(midnight + ms).toISOString() });
    await purse.spend('moving-1', '3', at(-1_800_000));
    await purse.spend('moving-2', '1', at(1_800_000));
    expect(await purse.read('moving', 'main')).toMatchObject({ settled: usd('1.00') });
    // Clocks in Helsinki are two or three hours ahead.
    await purse.api.need('PUT', '/api/v1/organization/settings', { timezone: 'Europe/Helsinki' });
    expect(await purse.read('moving', 'main')).toMatchObject({ timezone: 'Europe/Helsinki', settled: usd('4.00') });
    expect(await purse.read('moving', 'fixed')).toMatchObject({ timezone: 'UTC', settled: usd('1.00') });
    expect((await purse.reserve('7', { team_id: 'moving', user_id: 'moving-user' })).status).toBe(402);
    await purse.api.need('PUT', '/api/v1/organization/settings', { timezone: 'UTC' });
    expect(await purse.read('moving', 'main')).toMatchObject({ settled: usd('1.00') });
  });
});

describe('a crossing', () => {
  test('that a correction took back before it was told is told when it comes again', async () => {
    await funded('corrected', '10');
    await purse.spend('corrected-1', '10', { team_id: 'corrected' });
    const period = (await periodsOf('corrected'))[0]!.id;
    // As a corrected price would.
    await query('update countersign.budget_periods set settled = 1 where id = ?', [period]);
    const [message] = await query<{ id: string }>(
      `select id from countersign.outbox where reference->>'period' = ? and reference->>'type' = 'limit-reached'`,
      [period],
    );
    const { alerts } = composeEnforcement(purse.system.core);
    await alerts.tell(
      { organization: DEFAULT_ORGANIZATION, period },
      { id: message!.id, type: 'limit-reached' },
      clock.now(),
    );
    expect(await alertsOf(purse.system.core, 'corrected')).toEqual([]);
    await purse.spend('corrected-2', '8', { team_id: 'corrected' });
    await purse.spend('corrected-3', '1', { team_id: 'corrected' });
    expect(await told('corrected')).toEqual(['limit-reached', 'warning-crossed', 'limit-reached']);
  });

  test('is told anew of a budget that was taken back and is made again', async () => {
    await funded('remade', '10');
    await purse.spend('remade-1', '10', { team_id: 'remade' });
    await purse.api.call('DELETE', '/api/v1/teams/remade/budgets/main');
    await purse.budget('remade', 'main', '10');
    expect((await told('remade')).filter((type) => type !== 'terms-changed')).toEqual([
      'limit-reached',
      'limit-reached',
    ]);
  });
});
