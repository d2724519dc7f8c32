import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { ReservationSweeper } from '../../src/budgets/sweeper.ts';
import { TestClock } from '../http/support/test-clock.ts';
import { Purse, usd } from './support/purse.ts';

const clock = new TestClock();
let purse: Purse;
let sweeper: ReservationSweeper;

beforeAll(async () => {
  purse = await Purse.open({ clock });
  const { database, budgets, logger } = purse.system.core;
  sweeper = new ReservationSweeper({ database, keeper: budgets.keeper, clock, logger });
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

describe('a reservation', () => {
  test('holds its amount until it is settled, with what the call cost', async () => {
    const who = await funded('plain', '10');
    const { status, body } = await purse.reserve('4', { ...who, ttl: 'PT1M' });
    expect({ status, amount: body.amount }).toEqual({ status: 201, amount: usd('4.00') });
    expect(Date.parse(body.expires_at) - clock.now().getTime()).toBeGreaterThan(50_000);
    expect(await purse.read('plain', 'main')).toMatchObject({
      settled: usd('0.00'),
      held: usd('4.00'),
      available: usd('6.00'),
    });
    expect(await purse.settle(body.id, '3.25')).toMatchObject({
      status: 200,
      body: { id: body.id, state: 'settled', cost: usd('3.25'), late: false, above_hold: false },
    });
    expect(await purse.read('plain', 'main')).toMatchObject({
      settled: usd('3.25'),
      held: usd('0.00'),
      available: usd('6.75'),
    });
  });

  test('is refused where it does not fit, with the budget’s name, and what fits goes on', async () => {
    const who = await funded('small', '10');
    await purse.hold('8', who);
    expect(await purse.reserve('2.01', who)).toMatchObject({
      status: 402,
      body: { type: '/problems/budget-exceeded', budget: 'main', budgets: [{ name: 'main', team_id: 'small' }] },
    });
    expect((await purse.reserve('2', who)).status).toBe(201);
  });

  test('is refused by any budget above it, whosever that is', async () => {
    await purse.team('above');
    await purse.api.need('POST', '/api/v1/teams', { id: 'below', name: 'Below', parent_team_id: 'above' });
    await purse.budget('above', 'parent', '5');
    await purse.budget('below', 'own', '50');
    await purse.budget('below', 'of-ann', '3', { scope: { user_id: 'ann' }, exceeded_action: 'suspend' });
    expect(await purse.reserve('4', { team_id: 'below', user_id: 'ann' })).toMatchObject({
      status: 402,
      body: {
        type: '/problems/budget-suspended',
        budget: 'of-ann',
        detail:
          'The amount does not fit into what is left of the budget “of-ann” of team below, which suspends spending once it is used up. Ask for less, or have it raised or overridden.',
      },
    });
    expect(await purse.reserve('6', { team_id: 'below', user_id: 'bob' })).toMatchObject({
      status: 402,
      body: { type: '/problems/budget-exceeded', budget: 'parent' },
    });
    expect((await purse.reserve('5', { team_id: 'below', user_id: 'bob' })).status).toBe(201);
  });

  test.each([
    ['the nearest budget under `suspend` where several refuse it, one of which is used up', '100', 'was used up'],
    ['the nearest budget under `suspend` where several refuse it and something is left', '10', 'what is left of'],
  ])('names %s', async (_what, spent, detail) => {
    const id = `mixed-${spent}`;
    await purse.team(id);
    const who = { team_id: id, user_id: `${id}-user` };
    await purse.budget(id, 'own', '20', { scope: { user_id: `${id}-user` } });
    await purse.budget(id, 'stopping', '100', { exceeded_action: 'suspend' });
    await purse.budget(id, 'zeroth', '30');
    await purse.spend(id, spent, who);
    expect(await purse.reserve('95', who)).toMatchObject({
      status: 402,
      body: {
        type: '/problems/budget-suspended',
        budget: 'stopping',
        budgets: [{ name: 'own' }, { name: 'stopping' }, { name: 'zeroth' }],
        detail: expect.stringMatching(new RegExp(`^(?!.*(own|zeroth)).*${detail}`)),
      },
    });
  });

  test('names every budget that refuses it, the nearest first', async () => {
    await purse.team('far');
    await purse.api.need('POST', '/api/v1/teams', { id: 'near', name: 'Near', parent_team_id: 'far' });
    const scope = { provider: 'ordered' };
    await purse.budget(null, 'a-widest', '1', { scope });
    await purse.budget('far', 'b-parents', '1', { scope });
    await purse.budget('near', 'c-teams', '1', { scope });
    await purse.budget('near', 'd-own', '1', { scope: { ...scope, user_id: 'ann' } });
    const { body } = await purse.reserve('2', { team_id: 'near', user_id: 'ann', ...scope });
    expect({ budget: body.budget, budgets: body.budgets.map(({ name }: { name: string }) => name) }).toEqual({
      budget: 'd-own',
      budgets: ['d-own', 'c-teams', 'b-parents', 'a-widest'],
    });
    await purse.api.call('DELETE', '/api/v1/organization/budgets/a-widest');
  });

  test('that names no provider and no model is held on the budgets of all of them, and booked on that of the real one', async () => {
    const who = await funded('open-ended', '100');
    await purse.budget('open-ended', 'gpt', '5', { scope: { provider: 'openai', model: 'gpt-4o' } });
    await purse.budget('open-ended', 'claude', '5', { scope: { model: 'claude' } });
    expect(await purse.reserve('6', who)).toMatchObject({
      status: 402,
      body: { budgets: [{ name: 'claude' }, { name: 'gpt' }] },
    });
    const id = await purse.hold('4', who);
    const held = async () => [
      (await purse.read('open-ended', 'gpt')).held.value,
      (await purse.read('open-ended', 'claude')).held.value,
    ];
    expect(await held()).toEqual(['4.00', '4.00']);
    expect((await purse.reserve('2', { ...who, provider: 'openai', model: 'gpt-4o' })).status).toBe(402);
    expect((await purse.reserve('2', { ...who, provider: 'openai', model: 'other' })).status).toBe(201);
    await purse.settle(id, '3');
    expect(await held()).toEqual(['0.00', '0.00']);
    expect(await purse.read('open-ended', 'gpt')).toMatchObject({ settled: usd('3.00') });
    expect(await purse.read('open-ended', 'claude')).toMatchObject({ settled: usd('0.00') });
  });

  test('goes on past a budget that only notifies', async () => {
    const who = await funded('soft', '1', { exceeded_action: 'notify' });
    await purse.settle(await purse.hold('5', who), '5');
    expect(await purse.read('soft', 'main')).toMatchObject({
      settled: usd('5.00'),
      available: usd('0.00'),
      state: 'exceeded',
    });
  });

  test('under `restrict` goes past the amount with the named models only, and not past the hard limit', async () => {
    await purse.team('strict');
    await purse.api.need('PUT', '/api/v1/teams/strict/billing/settings', {
      monthly_budget: 100,
      budget_alerts: { exceeded_action: 'restrict', restrict_to_models: ['cheap'], hard_limit_percent: 120 },
    });
    const who = { team_id: 'strict', provider: 'openai' };
    await purse.spend('strict-1', '100', { team_id: 'strict' });
    expect(await purse.read('strict', 'monthly')).toMatchObject({ state: 'restricted' });
    expect((await purse.reserve('1', { ...who, model: 'dear' })).status).toBe(402);
    expect((await purse.reserve('20', { ...who, model: 'cheap' })).status).toBe(201);
    expect((await purse.reserve('1', { ...who, model: 'cheap' })).status).toBe(402);
  });

  test('is the same one under the same id, and another one in conflict with it', async () => {
    const who = await funded('again', '10');
    const first = await purse.reserve('6', { ...who, id: 'call-1' });
    expect(await purse.reserve('6', { ...who, id: 'call-1' })).toMatchObject({ status: 201, body: first.body });
    expect(await purse.reserve('5', { ...who, id: 'call-1' })).toMatchObject({
      status: 409,
      body: { type: '/problems/idempotency-conflict' },
    });
    expect(await purse.read('again', 'main')).toMatchObject({ held: usd('6.00') });
  });

  test('that holds nothing any more is not made again under its id, and says what became of it', async () => {
    const who = await funded('closed', '10');
    const again = async (id: string) => {
      const { status, body } = await purse.reserve('6', { ...who, id, ttl: 'PT1M' });
      return { status, type: body.type, detail: body.detail };
    };
    const conflict = (what: string) => ({
      status: 409,
      type: '/problems/idempotency-conflict',
      detail: expect.stringContaining(what),
    });
    await purse.release(await purse.hold('6', { ...who, id: 'closed-1', ttl: 'PT1M' }));
    expect(await again('closed-1')).toEqual(conflict('was released'));
    await purse.hold('6', { ...who, id: 'closed-2', ttl: 'PT1M' });
    clock.advance(60_001);
    expect(await again('closed-2')).toEqual(conflict('has run out'));
    await sweeper.freeHolds();
    expect(await again('closed-2')).toEqual(conflict('has run out'));
    await purse.settle(await purse.hold('6', { ...who, id: 'closed-3', ttl: 'PT1M' }), '6');
    // Also where there is no room for it: what became of it is said first.
    expect(await again('closed-3')).toEqual(conflict('was settled'));
    expect(await purse.read('closed', 'main')).toMatchObject({ settled: usd('6.00'), held: usd('0.00') });
  });

  test('is estimated from tokens at the prices of the day', async () => {
    const who = await funded('tokens', '100');
    const { status, body } = await purse.reserve('1', {
      ...who,
      amount: undefined,
      provider: 'openai',
      model: 'gpt-4o',
      max_input_tokens: 1_000_000,
      max_output_tokens: 100_000,
    });
    expect({ status, amount: body.amount }).toEqual({ status: 201, amount: usd('3.50') });
    expect(
      await purse.reserve('1', {
        ...who,
        amount: undefined,
        provider: 'openai',
        model: 'no-such-model',
        max_input_tokens: 1,
        max_output_tokens: 1,
      }),
    ).toMatchObject({ status: 400, body: { errors: [{ path: 'model' }] } });
  });

  test('of tokens holds the most that they may cost, whatever is written to a cache or reasoned', async () => {
    const who = { ...(await funded('dearest', '100')), provider: 'acme', model: 'caching' };
    await purse.api.need('PUT', '/api/v1/organization/rates/acme/caching', {
      currency: 'USD',
      per_million: {
        input_tokens: '2',
        cached_input_tokens: '0.2',
        cache_write_tokens: '2.5',
        cache_write_1h_tokens: '4',
        input_audio_tokens: '100',
        output_tokens: '8',
        reasoning_tokens: '9',
      },
      effective_from: '2026-01-01T00:00:00Z',
    });
    const tokens = { amount: undefined, max_input_tokens: 1_000_000, max_output_tokens: 100_000 };
    const { status, body } = await purse.reserve('', { ...who, ...tokens });
    expect({ status, amount: body.amount }).toEqual({ status: 201, amount: usd('4.90') });
    const dearest = {
      provider: 'acme',
      model: 'caching',
      cost: undefined,
      input_tokens: 1_000_000,
      cache_write_tokens: 1_000_000,
      cache_write_1h_tokens: 1_000_000,
      output_tokens: 100_000,
      reasoning_tokens: 100_000,
    };
    expect(await purse.settle(body.id, '', dearest)).toMatchObject({
      status: 200,
      body: { cost: usd('4.90'), above_hold: false },
    });
  });

  test('is free again when it has run out, without anybody’s doing, and soon for good', async () => {
    const who = await funded('leaky', '10');
    const id = await purse.hold('10', { ...who, ttl: 'PT10S' });
    expect((await purse.reserve('1', who)).status).toBe(402);
    clock.advance(10_001);
    expect(await purse.read('leaky', 'main')).toMatchObject({ held: usd('0.00') });
    const next = await purse.hold('10', { ...who, ttl: 'PT10S' });
    expect(await purse.release(id)).toMatchObject({ status: 200, body: { state: 'expired' } });
    clock.advance(10_001);
    expect(await sweeper.freeHolds()).toBeGreaterThan(0);
    expect(await purse.release(next)).toMatchObject({ status: 200, body: { state: 'expired' } });
  });

  test('is released once, and settled once', async () => {
    const who = await funded('once', '10');
    const released = await purse.hold('5', who);
    for (const _ of [1, 2])
      expect(await purse.release(released)).toMatchObject({ status: 200, body: { state: 'released' } });
    const settled = await purse.hold('5', who);
    const first = await purse.settle(settled, '5', { id: 'once', occurred_at: clock.now().toISOString() });
    expect(first.status).toBe(200);
    expect(await purse.release(settled)).toMatchObject({ status: 200, body: { state: 'settled' } });
    expect(await purse.read('once', 'main')).toMatchObject({ settled: usd('5.00'), held: usd('0.00') });
  });

  test('settled twice is booked once, and another event for it is refused', async () => {
    const who = await funded('twice', '10');
    const id = await purse.hold('5', who);
    const answers = await Promise.all([purse.settle(id, '4'), purse.settle(id, '4'), purse.settle(id, '4')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await purse.settle(id, '1')).toMatchObject({
      status: 409,
      body: { type: '/problems/idempotency-conflict' },
    });
    expect(await purse.read('twice', 'main')).toMatchObject({ settled: usd('4.00') });
  });

  test('settled twice with the members of the event in another order is the same', async () => {
    const who = await funded('order', '10');
    const id = await purse.hold('5', who);
    const first = await purse.settle(id, '4', { metadata: { a: 1, b: { c: 2, d: 3 } } });
    expect(first.status).toBe(200);
    expect(
      await purse.api.call('POST', `/api/v1/reservations/${id}/settle`, {
        event: {
          metadata: { b: { d: 3, c: 2 }, a: 1 },
          cost: { currency: 'USD', value: '4' },
          output_tokens: 100,
          input_tokens: 1000,
          model: 'gpt-4o',
          provider: 'openai',
        },
      }),
    ).toMatchObject({ status: 200, body: first.body });
    const half = { metadata: { half: '\ud800' } };
    expect(await purse.settle(await purse.hold('1', who), '1', half)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'event' }] },
    });
  });

  test('settled with an event that was reported before counts nothing more, in its own currency', async () => {
    const who = await funded('reported', '10');
    const at = clock.now().toISOString();
    await purse.spend('reported-1', '3', { ...who, occurred_at: at });
    const id = await purse.hold('5', who);
    const same = { id: 'reported-1', source: 'default', input_tokens: 1, output_tokens: 1, occurred_at: at };
    for (const _ of ['first', 'again'])
      expect(await purse.settle(id, '3', same)).toMatchObject({
        status: 200,
        body: { cost: usd('0.00'), above_hold: false },
      });
    expect(await purse.read('reported', 'main')).toMatchObject({ settled: usd('3.00'), held: usd('0.00') });
  });

  test('is not settled with what another team has spent in another currency', async () => {
    const who = await funded('in-dollars', '10');
    await purse.team('in-euros', { currency: 'EUR' });
    await purse.api.need('PUT', '/api/v1/organization/exchange-rates/USD/EUR', {
      rate: '0.9',
      effective_from: '2026-01-01T00:00:00Z',
    });
    const id = await purse.hold('5', who);
    expect(await purse.settle(id, '4', { team_id: 'in-euros' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'event.team_id' }] },
    });
    expect(await purse.read('in-dollars', 'main')).toMatchObject({ settled: usd('0.00'), held: usd('5.00') });
    expect(await purse.settle(id, '4')).toMatchObject({ status: 200, body: { cost: usd('4.00') } });
  });

  test('settled above its hold, or after it ran out, is booked and flagged, and the next one sees it', async () => {
    const who = await funded('above-hold', '10');
    expect(await purse.settle(await purse.hold('2', who), '7')).toMatchObject({
      status: 200,
      body: { cost: usd('7.00'), above_hold: true, late: false },
    });
    const id = await purse.hold('2', { ...who, ttl: 'PT1S' });
    clock.advance(1_500);
    expect(await purse.settle(id, '1')).toMatchObject({
      status: 200,
      body: { cost: usd('1.00'), above_hold: false, late: true },
    });
    expect(await purse.read('above-hold', 'main')).toMatchObject({ settled: usd('8.00'), held: usd('0.00') });
    expect((await purse.reserve('3', who)).status).toBe(402);
  });

  test('fits into an override until that ends', async () => {
    const who = await funded('ending', '10');
    const until = new Date(clock.now().getTime() + 60_000).toISOString();
    await purse.api.need('POST', '/api/v1/teams/ending/budgets/main/overrides', {
      amount: usd('5'),
      until,
      reason: 'One more run',
    });
    await purse.release(await purse.hold('14', who));
    clock.advance(61_000);
    expect((await purse.reserve('14', who)).status).toBe(402);
    expect((await purse.reserve('10', who)).status).toBe(201);
    expect(await purse.read('ending', 'main')).toMatchObject({ limit: usd('10.00'), available: usd('0.00') });
  });

  test('in a new period starts afresh, and what comes late counts in its own', async () => {
    const who = await funded('daily', '10', { period: 'daily', timezone: 'UTC' });
    const yesterday = clock.now().toISOString();
    await purse.hold('10', who);
    clock.advance(86_400_000);
    expect((await purse.reserve('10', who)).status).toBe(201);
    await purse.spend('daily-late', '3', { team_id: 'daily', occurred_at: yesterday });
    expect(await purse.read('daily', 'main')).toMatchObject({ settled: usd('0.00'), held: usd('10.00') });
  });

  test('is made by people for themselves, and by services for anybody', async () => {
    const own = await purse.reserve('0.01', {}, purse.key('ann'));
    expect(own.status).toBe(201);
    expect((await purse.reserve('0.01', { user_id: 'bob' }, purse.key('ann'))).status).toBe(403);
    expect(
      (await purse.api.call('POST', `/api/v1/reservations/${own.body.id}/release`, undefined, purse.key('bob'))).status,
    ).toBe(403);
    const { key } = await purse.api.need('POST', '/api/v1/api-keys', { service_name: 'gateway', team_id: 'vision' });
    expect((await purse.reserve('0.01', {}, key)).status).toBe(201);
    expect((await purse.reserve('0.01', { team_id: 'lab' }, key)).status).toBe(403);
  });

  test.each<[Record<string, unknown>, number, string | null]>([
    [{ amount: usd('0') }, 400, 'amount.value'],
    [{ amount: usd('-1') }, 400, 'amount.value'],
    [{ amount: { value: '1', currency: 'EUR' } }, 400, 'amount.currency'],
    [{ amount: undefined }, 400, 'amount'],
    [{ max_input_tokens: 1 }, 400, 'amount'],
    [{ amount: undefined, max_input_tokens: 1 }, 400, 'max_output_tokens'],
    [{ amount: undefined, max_input_tokens: 1, max_output_tokens: 1 }, 400, 'model'],
    [{ amount: undefined, max_input_tokens: -1, max_output_tokens: 1, model: 'm' }, 400, 'max_input_tokens'],
    [{ ttl: 'PT0S' }, 400, 'ttl'],
    [{ ttl: 'P2D' }, 400, 'ttl'],
    [{ ttl: 'soon' }, 400, 'ttl'],
    [{ user_id: 'nobody' }, 400, 'user_id'],
    [{ team_id: 'nowhere' }, 404, null],
    [{ id: 'not an id' }, 400, 'id'],
    [{ colour: 'red' }, 400, 'colour'],
  ])('is refused as %j', async (more, status, path) => {
    const answer = await purse.reserve('1', more);
    expect({ status: answer.status, path: answer.body.errors?.[0]?.path ?? null }).toEqual({ status, path });
  });

  test('that is not there is not found, and a bad event says what is wrong in it', async () => {
    expect((await purse.settle('no-such', '1')).status).toBe(404);
    expect((await purse.release('no-such')).status).toBe(404);
    const id = await purse.hold('0.01');
    expect(await purse.settle(id, '1', { input_tokens: -5 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'event.input_tokens' }] },
    });
    expect(await purse.api.call('POST', `/api/v1/reservations/${id}/settle`, {})).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'event' }] },
    });
    expect(await purse.settle(id, '0.01')).toMatchObject({ status: 200 });
  });
});

describe('a crossing', () => {
  test('is told once each, in the transaction that causes it; a jump over both tells of the limit only', async () => {
    const who = await funded('crossing', '10');
    await purse.settle(await purse.hold('8', who), '8');
    await purse.spend('crossing-1', '1', { team_id: 'crossing' });
    expect((await purse.reserve('5', who)).status).toBe(402);
    expect((await purse.reserve('5', who)).status).toBe(402);
    await purse.spend('crossing-2', '1', { team_id: 'crossing' });
    await purse.spend('crossing-3', '1', { team_id: 'crossing' });
    await funded('jumping', '10');
    await purse.spend('jumping-1', '50', { team_id: 'jumping' });
    expect([await told('crossing'), await told('jumping')]).toEqual([
      ['warning-crossed', 'first-refusal', 'limit-reached'],
      ['limit-reached'],
    ]);
    await purse.budget('jumping', 'main', '100');
    await purse.spend('jumping-2', '50', { team_id: 'jumping' });
    expect(await told('jumping')).toEqual(['limit-reached', 'terms-changed', 'limit-reached']);
  });

  async function told(team: string): Promise<string[]> {
    const { database } = purse.system.core;
    const rows = await database.fork(DEFAULT_ORGANIZATION).transactional((em) =>
      em.execute<{ type: string }[]>(
        `select o.reference->>'type' as type from countersign.outbox o join countersign.budgets b on b.id = (o.reference->>'budget')::uuid join countersign.teams t on t.id = b.team_id
       where o.channel = 'budget' and t.alias = ? order by o.created_at`,
        [team],
      ),
    );
    return rows.map(({ type }) => type);
  }
});
