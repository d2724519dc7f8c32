import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { pino } from 'pino';
import type { Budgeted } from '../../src/budgets/budgeted.ts';
import { ReservationStore } from '../../src/budgets/reservation-store.ts';
import { entities } from '../../src/entities.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { placeOf, reserveIn, START, type World, writeWorld } from './support/ledger-world.ts';
import { withLimit } from './support/history-steps.ts';

let testDatabase: TestDatabase;
let database: Database;
let admin: Client;
let store: ReservationStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = Database.open({
    url: testDatabase.url,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: 8,
    logger: pino({ level: 'silent' }),
  });
  admin = new Client({ connectionString: testDatabase.adminUrl });
  await admin.connect();
  store = new ReservationStore(database);
});

afterAll(async () => {
  await admin?.end();
  await database?.close();
  await testDatabase?.drop();
});

const expiresAt = new Date(START.getTime() + 20_000);

/** One team below one budget. */
async function worldWith(limit: number, shares = 0) {
  const [organization, team, person] = [randomUUID(), randomUUID(), randomUUID()];
  const budget = {
    id: randomUUID(),
    period: randomUUID(),
    team: organization,
    person: null,
    provider: null,
    model: null,
    currency: 'USD',
    action: 'require_approval' as const,
    freeModels: [],
    shares,
  };
  const world: World = {
    organization,
    paths: new Map([[team, [team, organization]]]),
    people: [person],
    budgets: [withLimit(budget, limit)],
  };
  await writeWorld(admin, world);
  const look = () => placeOf(database, world, { team, person, provider: null, model: null }, START);
  return { world, period: budget.period, look, place: await look() };
}

function holdOf(place: Budgeted, more: { id?: string; request?: string; amount?: string } = {}) {
  const { id = randomUUID(), request = 'a call', amount = '1' } = more;
  return { id, request: Buffer.from(request), amount, currency: place.currency, expiresAt };
}

async function heldOn(period: string): Promise<number> {
  const { rows } = await admin.query<{ held: number }>(
    'select (held + coalesce((select sum(l.held) from countersign.budget_leases l where l.period_id = p.id), 0))::float8 as held from countersign.budget_periods p where id = $1',
    [period],
  );
  return rows[0]!.held;
}

describe('reservations that come at the same time', () => {
  test.each([
    ['one row', 0],
    ['leased parts', 8],
  ])('fill a budget to the brim and no further, on %s', async (_, shares) => {
    const { world, period, look, place } = await worldWith(30, shares);
    const calls = Array.from({ length: 50 }, () =>
      reserveIn(
        store,
        world.organization,
        { known: place, look },
        { id: randomUUID(), amount: '1', at: START, expiresAt },
      ),
    );
    const outcomes = (await Promise.all(calls)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(30);
    expect(outcomes.filter((outcome) => outcome === 'refused')).toHaveLength(20);
    expect(await heldOn(period)).toBe(30);
  });

  test('share their transactions', async () => {
    const { world, period, place } = await worldWith(1_000);
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, () => store.reserve(world.organization, place, holdOf(place), START, false)),
    );
    expect(outcomes.every(({ outcome }) => outcome === 'held')).toBe(true);
    expect(await heldOn(period)).toBe(60);
    const { rows } = await admin.query<{ n: number }>(
      'select count(distinct xmin::text)::int as n from countersign.reservations where organization_id = $1',
      [world.organization],
    );
    expect(rows[0]!.n).toBeLessThan(10);
  });

  test('are one where they have one id, and a conflict where they are not the same', async () => {
    const { world, period, place } = await worldWith(1_000);
    const [id, before] = [randomUUID(), randomUUID()];
    await store.reserve(world.organization, place, holdOf(place, { id: before }), START, false);
    const more = [{}, {}, {}, {}]; // The first two take the places, so that all others go together.
    const outcomes = await Promise.all(
      [...more, { id }, { id }, { id, request: 'another' }, { id: before }, { id: before, request: 'another' }].map(
        (hold) => store.reserve(world.organization, place, holdOf(place, hold), START, false),
      ),
    );
    const held = { outcome: 'held', amount: expect.stringMatching(/^1(\.0+)?$/), expiresAt };
    const conflict = { outcome: 'conflict' };
    expect(outcomes).toEqual([held, held, held, held, held, held, conflict, held, conflict]);
    expect(await heldOn(period)).toBe(1 + more.length + 1);
    const { rows } = await admin.query<{ n: number }>(
      'select count(distinct xmin::text)::int as n from countersign.reservations where organization_id = $1',
      [world.organization],
    );
    expect(rows[0]!.n).toBe(4);
  });

  test('fail alone', async () => {
    const { world, period, place } = await worldWith(1_000);
    const amounts = ['1', '1', '1', '1e30', '1', '1'];
    const outcomes = await Promise.allSettled(
      amounts.map((amount) => store.reserve(world.organization, place, holdOf(place, { amount }), START, false)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      amounts.map((amount) => (amount === '1' ? 'fulfilled' : expect.any(String))),
    );
    expect(await heldOn(period)).toBe(5);
  });

  test('are not let into a budget that was closed, or whose list has changed', async () => {
    const { world, period, place } = await worldWith(1_000);
    const crowd = () =>
      Promise.all(
        Array.from({ length: 6 }, () => store.reserve(world.organization, place, holdOf(place), START, false)),
      );
    await admin.query(`update countersign.budget_periods set measure = 'suspended' where id = $1`, [period]);
    expect((await crowd()).map(({ outcome }) => outcome)).toEqual(Array(6).fill('refused'));
    await admin.query('update countersign.budget_periods set measure = null where id = $1', [period]);
    await admin.query('update countersign.budget_books set version = version + 1 where id = $1', [world.organization]);
    expect((await crowd()).map(({ outcome }) => outcome)).toEqual(Array(6).fill('stale'));
    expect(await heldOn(period)).toBe(0);
  });
});
