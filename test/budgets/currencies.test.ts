import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { TestClock } from '../http/support/test-clock.ts';
import { Purse, usd } from './support/purse.ts';

const clock = new TestClock();
// In the middle of a month and of a quarter of an hour.
clock.advance(Date.parse('2026-11-16T10:07:00Z') - Date.now());
let purse: Purse;

beforeAll(async () => {
  purse = await Purse.open({ clock });
});

afterAll(() => purse?.close());

const minutesAgo = (minutes: number) => new Date(clock.now().getTime() - minutes * 60_000).toISOString();
const query = <Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> =>
  purse.system.core.database.fork(DEFAULT_ORGANIZATION).transactional((em) => em.execute<Row[]>(sql, [...values]));

/**
 * A team with a budget of dollars, and below it one that spends another currency. Exchange rates are the whole organization's:
 * each test has a currency of its own.
 */
async function foreignTeam(currency: string, amount: string, more: Record<string, unknown> = {}) {
  const [above, below] = [`above-${currency}`.toLowerCase(), `spends-${currency}`.toLowerCase()];
  await purse.team(above, { currency: 'USD' });
  await purse.team(below, { parent_team_id: above, currency });
  await purse.budget(above, 'main', amount, more);
  const who = { team_id: below, user_id: `${below}-user` };
  const money = (value: string) => ({ value, currency });
  let spent = 0;
  return {
    above,
    money,
    read: () => purse.read(above, 'main'),
    reserve: (value: string) => purse.reserve('', { ...who, amount: money(value) }),
    hold: (value: string) => purse.hold('', { ...who, amount: money(value) }),
    settle: (id: string, value: string) => purse.settle(id, '', { cost: money(value) }),
    spend: (value: string, occurredAt = minutesAgo(0)) =>
      purse.spend(`${below}-${(spent += 1)}`, '', { ...who, cost: money(value), occurred_at: occurredAt }),
    rate: (rate: string, from?: string) =>
      purse.api.need('PUT', `/api/v1/organization/exchange-rates/${currency}/USD`, {
        rate,
        ...(from ? { effective_from: from } : {}),
      }),
  };
}

describe('what is spent in another currency', () => {
  test('counts at the exchange rate of the moment of the spend', async () => {
    const team = await foreignTeam('EUR', '1000');
    await team.rate('1.1', minutesAgo(180));
    await team.rate('1.2', minutesAgo(60));
    await team.spend('10', minutesAgo(90));
    await team.spend('10', minutesAgo(30));
    expect(await team.read()).toMatchObject({ settled: usd('23.00'), available: usd('977.00') });
    expect(await team.read()).not.toHaveProperty('uncounted');
  });

  test('counts at the right one also where another began in the same quarter of an hour', async () => {
    const team = await foreignTeam('GBP', '1000');
    await team.rate('1', minutesAgo(60));
    await team.rate('2', minutesAgo(2));
    const event = (id: string, occurredAt: string) => ({
      id,
      team_id: 'spends-gbp',
      user_id: 'spends-gbp-user',
      provider: 'openai',
      model: 'gpt-4o',
      input_tokens: 1,
      output_tokens: 1,
      cost: team.money('10'),
      occurred_at: occurredAt,
    });
    await purse.api.need('POST', '/api/v1/usage', {
      events: [event('before', minutesAgo(3)), event('after', minutesAgo(1))],
    });
    expect(await team.read()).toMatchObject({ settled: usd('30.00') });
  });

  test('counts in a budget that is made later as if it had been there', async () => {
    const team = await foreignTeam('CHF', '1000');
    await team.rate('1.1', minutesAgo(100_000));
    await team.rate('1.2', minutesAgo(61));
    for (const minutes of [9_000, 90, 62, 61, 60, 0]) await team.spend('1', minutesAgo(minutes));
    await purse.spend('dollars-above-chf', '5', { team_id: team.above });
    await purse.budget(team.above, 'later', '1000');
    for (const name of ['main', 'later'])
      expect(await purse.read(team.above, name)).toMatchObject({ settled: usd('11.90') });
  });

  test('counts as soon as there is an exchange rate, and is shown until then', async () => {
    const team = await foreignTeam('JPY', '100', { exceeded_action: 'notify' });
    await team.spend('1000', minutesAgo(50));
    await team.spend('500', minutesAgo(10));
    expect(await team.read()).toMatchObject({
      settled: usd('0.00'),
      uncounted: [team.money('1500.00')],
      state: 'open',
    });
    // One that begins in between leaves the rest as it is; the other direction says nothing about this one.
    await purse.api.need('PUT', '/api/v1/organization/exchange-rates/USD/JPY', {
      rate: '150',
      effective_from: minutesAgo(100_000),
    });
    await team.rate('0.01', minutesAgo(20));
    expect(await team.read()).toMatchObject({ settled: usd('5.00'), uncounted: [team.money('1000.00')] });
    expect((await purse.api.need('GET', `/api/v1/teams/${team.above}/budgets`)).items).toMatchObject([
      { uncounted: [team.money('1000.00')] },
    ]);
    await team.rate('0.02', minutesAgo(100_000));
    expect(await team.read()).toMatchObject({ settled: usd('30.00') });
    expect(await team.read()).not.toHaveProperty('uncounted');
  });

  test('counts otherwise where its exchange rate is corrected, and crosses what it comes to', async () => {
    const team = await foreignTeam('SEK', '100');
    await team.rate('0.1', minutesAgo(60));
    await team.spend('500');
    expect(await team.read()).toMatchObject({ settled: usd('50.00'), state: 'open' });
    await team.rate('0.2', minutesAgo(60));
    expect(await team.read()).toMatchObject({ settled: usd('100.00'), available: usd('0.00'), state: 'exceeded' });
    const told = await query<{ type: string }>(
      `select o.reference->>'type' as type from countersign.outbox o join countersign.budgets b on b.id::text = o.reference->>'budget' join countersign.teams t on t.id = b.team_id
       where t.alias = ? and o.reference->>'type' <> 'terms-changed'`,
      [team.above],
    );
    expect(told).toEqual([{ type: 'limit-reached' }]);
  });

  test('counts in a budget that was away while its exchange rate changed', async () => {
    const team = await foreignTeam('NOK', '100');
    await team.rate('0.1', minutesAgo(60));
    await team.spend('100');
    await purse.api.call('DELETE', `/api/v1/teams/${team.above}/budgets/main`);
    await team.rate('0.3', minutesAgo(60));
    await purse.budget(team.above, 'main', '100');
    expect(await team.read()).toMatchObject({ settled: usd('30.00') });
  });
});

describe('a reservation in another currency', () => {
  test('is held at the exchange rate, refused by it, and goes off with what it was put on with', async () => {
    const team = await foreignTeam('CAD', '10');
    await team.rate('0.7', minutesAgo(60));
    const [first, second] = [await team.hold('4'), await team.hold('3')];
    expect(await team.read()).toMatchObject({ held: usd('4.90'), available: usd('5.10') });
    expect(await team.reserve('7.29')).toMatchObject({
      status: 402,
      body: { budget: 'main', budgets: [{ name: 'main', team_id: team.above }] },
    });
    await team.rate('1.5');
    expect(await team.read()).toMatchObject({ held: usd('4.90') });
    expect((await team.reserve('3.41')).status).toBe(402);
    const third = await team.hold('3.4');
    expect(await team.read()).toMatchObject({ held: usd('10.00'), available: usd('0.00') });
    await purse.release(first);
    expect(await team.read()).toMatchObject({ held: usd('7.20') });
    clock.advance(1_000);
    expect(await team.settle(third, '2')).toMatchObject({ status: 200, body: { cost: team.money('2.00') } });
    expect(await team.read()).toMatchObject({ settled: usd('3.00'), held: usd('2.10') });
    await purse.release(second);
    expect(await team.read()).toMatchObject({ settled: usd('3.00'), held: usd('0.00') });
  });

  test('is taken over by a new budget at the rate of the moment in which it was made', async () => {
    const team = await foreignTeam('AUD', '100');
    await team.rate('0.5', minutesAgo(60));
    const id = await team.hold('10');
    clock.advance(1_000);
    await team.rate('0.9');
    await purse.budget(team.above, 'later', '100');
    const held = async () =>
      Promise.all(['main', 'later'].map(async (name) => (await purse.read(team.above, name)).held));
    expect(await held()).toEqual([usd('5.00'), usd('5.00')]);
    await purse.release(id);
    expect(await held()).toEqual([usd('0.00'), usd('0.00')]);
  });

  test('that has run out counts no longer, freed or not', async () => {
    const team = await foreignTeam('NZD', '100');
    await team.rate('0.5', minutesAgo(60));
    const hold = { team_id: 'spends-nzd', user_id: 'spends-nzd-user', amount: team.money('10'), ttl: 'PT1S' };
    await purse.hold('', hold);
    expect(await team.read()).toMatchObject({ held: usd('5.00') });
    clock.advance(2_000);
    expect(await team.read()).toMatchObject({ held: usd('0.00') });
    expect((await team.reserve('200')).status).toBe(201);
    expect(await team.read()).toMatchObject({ held: usd('100.00') });
  });

  test('without an exchange rate is refused by a hard budget, which says what to set', async () => {
    const team = await foreignTeam('INR', '10');
    await purse.budget('spends-inr', 'own', '', { amount: team.money('1000') });
    expect(await team.reserve('100')).toMatchObject({
      status: 400,
      body: {
        errors: [
          {
            path: 'team_id',
            message: expect.stringMatching(
              /“main” of team above-inr is in USD, the team spends INR.*PUT \/api\/v1\/organization\/exchange-rates\/INR\/USD/,
            ),
          },
        ],
      },
    });
    expect(await purse.read('spends-inr', 'own')).toMatchObject({ held: team.money('0.00') });
    await team.rate('0.01');
    expect((await team.reserve('100')).status).toBe(201);
    expect(await team.read()).toMatchObject({ held: usd('1.00') });
  });

  test('without an exchange rate goes past a soft budget, and is held there once there is one', async () => {
    const team = await foreignTeam('BRL', '10', { exceeded_action: 'notify' });
    await purse.budget('spends-brl', 'own', '', { amount: team.money('10') });
    const id = await team.hold('8');
    expect((await team.reserve('3')).status).toBe(402);
    expect(await purse.read('spends-brl', 'own')).toMatchObject({ held: team.money('8.00') });
    expect(await team.read()).toMatchObject({ held: usd('0.00') });
    await team.rate('0.2', minutesAgo(60));
    expect(await team.read()).toMatchObject({ held: usd('1.60') });
    expect((await team.settle(id, '8')).status).toBe(200);
    expect(await team.read()).toMatchObject({ settled: usd('1.60'), held: usd('0.00') });
  });

  test('leases no part of a budget that many teams share', async () => {
    const team = await foreignTeam('DKK', '1000');
    for (let n = 0; n < 8; n += 1) await purse.team(`crowd-${n}`, { parent_team_id: team.above });
    await purse.budget(team.above, 'main', '1000');
    await team.rate('0.1', minutesAgo(60));
    // The first reservation finds the budget as one row; from the next on, parts of it are leased.
    for (let n = 0; n < 2; n += 1) await purse.hold('5', { team_id: 'crowd-0', user_id: 'crowd-0-user' });
    await purse.spend('crowd', '1', { team_id: 'crowd-0', user_id: 'crowd-0-user' });
    const own = await purse.hold('5', { team_id: 'crowd-1', user_id: 'crowd-1-user' });
    const foreign = await team.hold('100');
    expect(
      await query(
        `select count(*) filter (where t.alias = 'crowd-1')::int as own, count(*) filter (where t.alias = 'spends-dkk')::int as other
         from countersign.budget_leases l join countersign.teams t on t.id = l.team_id`,
      ),
    ).toEqual([{ own: 1, other: 0 }]);
    expect(await team.read()).toMatchObject({ settled: usd('1.00'), held: usd('25.00') });
    expect((await team.settle(foreign, '50')).status).toBe(200);
    await purse.release(own);
    expect(await team.read()).toMatchObject({ settled: usd('6.00'), held: usd('10.00') });
    // What lies in other teams' parts is recalled for it before it is refused.
    expect((await team.reserve('9840.01')).status).toBe(402);
    expect((await team.reserve('9840')).status).toBe(201);
  });
});

describe('spends, reservations and changes of the exchange rate side by side', () => {
  test('end with what the ledger says, at the rate of each moment', async () => {
    const team = await foreignTeam('PLN', '1000000');
    await purse.budget(team.above, 'small', '100', { exceeded_action: 'notify', scope: { model: 'gpt-4o' } });
    await team.rate('0.5', minutesAgo(100));
    const work = Array.from({ length: 60 }, async (_, n) => {
      if (n % 10 === 9) return team.rate(`${(n % 7) + 1}.25`, minutesAgo(n % 30));
      if (n % 3 === 0) return team.settle(await team.hold('3'), '2.5');
      if (n % 3 === 1) return purse.release(await team.hold('4'));
      return team.spend('1.5', minutesAgo((n * 7) % 40));
    });
    await Promise.all(work);
    const [ledger] = await query<{ spent: string }>(
      `select sum(l.cost * (
         select e.rate from countersign.exchange_rates e
         where e.from_currency = l.currency and e.to_currency = 'USD' and e.effective_from <= l.occurred_at order by e.version desc limit 1))::float8 as spent
       from countersign.ledger_lines l where l.currency = 'PLN'`,
    );
    for (const name of ['main', 'small']) {
      const { settled, held, uncounted } = await purse.read(team.above, name);
      expect({ settled: Number(settled.value), held, uncounted }).toEqual({
        settled: Number(ledger!.spent),
        held: usd('0.00'),
        uncounted: undefined,
      });
    }
  });
});
