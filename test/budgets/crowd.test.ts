import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { CrowdPlan } from './support/crowd-plan.ts';
import { type World, type WorldBudget, writeWorld } from './support/ledger-world.ts';

/** `BUDGET_CROWD=250` makes it the thousand clients in four processes that were promised; `npm test` has less time. */
const CLIENTS = Number(process.env['BUDGET_CROWD'] ?? 12);
const ROUNDS = Number(process.env['BUDGET_CROWD_ROUNDS'] ?? 4);
const PROCESSES = 4;
const KILLED = 2;
const TTL_MS = 4_000;
const PROGRAM = fileURLToPath(new URL('support/crowd-process.ts', import.meta.url));

let testDatabase: TestDatabase;
let admin: Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  admin = new Client({ connectionString: testDatabase.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await testDatabase?.drop();
});

/** Organization, divisions, teams and people, each with a budget, and less money than is asked for. */
function tree(shared: boolean): World {
  const organization = randomUUID();
  const divisions = [randomUUID(), randomUUID()];
  const teams = divisions.flatMap((division) => [randomUUID(), randomUUID()].map((team) => ({ team, division })));
  const people = Array.from({ length: 8 }, () => randomUUID());
  const budget = (team: string, limit: number, more: Partial<WorldBudget> = {}): WorldBudget => ({
    id: randomUUID(),
    period: randomUUID(),
    team,
    person: null,
    model: null,
    limit,
    action: 'require_approval',
    freeModels: [],
    ceiling: limit,
    shares: 0,
    warnAt: limit * 0.8,
    ...more,
  });
  const shares = shared ? teams.length : 0;
  const limit = CLIENTS * ROUNDS * 4;
  return {
    organization,
    people,
    paths: new Map<string, readonly string[]>([
      ...divisions.map((division) => [division, [division, organization]] as const),
      ...teams.map(({ team, division }) => [team, [team, division, organization]] as const),
    ]),
    budgets: [
      budget(organization, limit, { shares }),
      ...divisions.map((division) => budget(division, limit * 0.6, { shares: shared ? 2 : 0 })),
      ...teams.map(({ team }) => budget(team, limit * 0.35)),
      ...people.map((person) => budget(teams[0]!.team, limit * 0.1, { person })),
    ],
  };
}

function start(plan: CrowdPlan): ChildProcess {
  return spawn(process.execPath, ['--no-warnings', PROGRAM, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

interface Totals {
  readonly limit_amount: string;
  readonly settled: string;
  readonly held: string;
  readonly over: boolean;
  readonly broken: boolean;
}

/** Every budget with its leased parts. */
async function totals({ organization }: World): Promise<Totals[]> {
  const { rows } = await admin.query<Totals>(
    `select p.limit_amount, p.settled + l.settled as settled, p.held + l.held as held, p.settled + l.settled + p.held + l.held > p.limit_amount as over,
       p.leased <> l.granted or l.broken or p.held < 0 as broken
     from countersign.budget_periods p cross join lateral (
       select coalesce(sum(granted), 0) as granted, coalesce(sum(settled), 0) as settled, coalesce(sum(held), 0) as held, coalesce(bool_or(settled + held > granted or held < 0), false) as broken
       from countersign.budget_leases where period_id = p.id) l
     where p.organization_id = $1`,
    [organization],
  );
  return rows;
}

describe('many who reserve at the same moment in several processes, of which some are killed', () => {
  test.each([
    ['one row each', false],
    ['parts leased to teams', true],
  ])(
    'never hold and spend more than any budget above them has (%s)',
    async (_, shared) => {
      const world = tree(shared);
      await writeWorld(admin, world);
      await admin.query(
        `update countersign.budget_periods set starts_at = now() - interval '1 day', ends_at = now() + interval '1 day' where organization_id = $1`,
        [world.organization],
      );
      const plan = (seed: number): CrowdPlan => ({
        url: testDatabase.url,
        clients: CLIENTS,
        rounds: ROUNDS,
        seed,
        ttlMs: TTL_MS,
        world: {
          organization: world.organization,
          people: [...world.people],
          paths: Object.fromEntries([...world.paths].map(([team, path]) => [team, [...path]])),
        },
      });
      const processes = Array.from({ length: PROCESSES }, (__, index) => start(plan(index)));
      const ends = processes.map((child) => once(child, 'exit'));
      const seen: Totals[] = [];
      const done = new AbortController();
      const watching = (async () => {
        while (!done.signal.aborted) seen.push(...(await totals(world)));
      })();
      await Promise.all(processes.map((child) => once(child.stdout!, 'data')));
      await heldSomething(world);
      for (const victim of processes.slice(0, KILLED)) victim.kill('SIGKILL');
      const codes = (await Promise.all(ends)).map(([code]: unknown[]) => code);
      done.abort();
      await watching;

      expect(codes.slice(KILLED)).toEqual(Array.from({ length: PROCESSES - KILLED }, () => 0));
      expect(seen.filter(({ over, broken }) => over || broken)).toEqual([]);
      const {
        rows: [late],
      } = await admin.query<{ freed: number }>(
        `select countersign.sweep_reservations(now() + interval '1 minute', 1000000) as freed`,
      );
      expect(late!.freed).toBeGreaterThan(0);
      const end = await totals(world);
      expect(end.map(({ held }) => Number(held))).toEqual(end.map(() => 0));
      const {
        rows: [spent],
      } = await admin.query<{ cost: string }>(
        `select coalesce(sum(cost), 0) as cost from countersign.reservations where organization_id = $1`,
        [world.organization],
      );
      expect(Number(end.find(({ limit_amount: limit }) => Number(limit) === CLIENTS * ROUNDS * 4)?.settled)).toBe(
        Number(spent!.cost),
      );
      expect(Number(spent!.cost)).toBeGreaterThan(0);
    },
    600_000,
  );

  async function heldSomething({ organization }: World): Promise<void> {
    for (;;) {
      const {
        rows: [row],
      } = await admin.query<{ n: number }>(
        `select count(*)::int as n from countersign.reservations where organization_id = $1`,
        [organization],
      );
      if (row!.n >= CLIENTS) return;
    }
  }
});
