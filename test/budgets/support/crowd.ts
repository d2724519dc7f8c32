import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { careFor } from './caretaker.ts';
import type { CrowdPlan } from './crowd-plan.ts';
import { type World, type WorldBudget, writeWorld } from './ledger-world.ts';

const PROCESSES = 4;
const NOBODY = '00000000-0000-0000-0000-000000000000';
const KILLED = 2;
/** Longer than anybody waits: what is settled late is booked past a limit, as it has to be, and would look like a mistake. */
const TTL_MS = 60_000;
/** Of each time that somebody reserves: less than those who are not killed would spend. */
const MONEY = 2;
const PROGRAM = fileURLToPath(new URL('crowd-process.ts', import.meta.url));

export interface CrowdOptions {
  /** As the application logs in. */
  readonly url: string;
  /** A superuser's. */
  readonly adminUrl: string;
  /** In each of the processes. */
  readonly clients: number;
  /** How often each of them reserves. */
  readonly rounds: number;
  /** Whether parts of the budgets are leased to teams. */
  readonly shared: boolean;
}

/** A budget with its leased parts. */
export interface Account {
  readonly limit_amount: string;
  readonly settled: string;
  readonly held: string;
  /** More is settled and held than there is. */
  readonly over: boolean;
  /** Its parts do not add up. */
  readonly broken: boolean;
}

/** What became of a crowd. */
export interface CrowdReport {
  /** How often every budget was looked at while they reserved. */
  readonly looks: number;
  /** How often every account was brought up to date meanwhile. */
  readonly turns: number;
  /** Every account that was not as it has to be, whenever it was looked at. */
  readonly wrong: readonly Account[];
  /** Of those processes that were not killed. */
  readonly exitCodes: readonly unknown[];
  /** Settled when their hold had run out. */
  readonly late: number;
  /** Holds that the killed ones left. */
  readonly freed: number;
  /** When all holds have run out. */
  readonly end: readonly Account[];
  /** What the organization's budget says was spent, of how much, and what the reservations say. */
  readonly counted: number;
  readonly limit: number;
  readonly spent: number;
}

/**
 * Has many clients in several processes reserve at the same moment from budgets that have less than is asked for, kills two of
 * the processes in the middle, and looks at every budget all the while.
 */
export async function runCrowd(options: CrowdOptions): Promise<CrowdReport> {
  const admin = new Pool({ connectionString: options.adminUrl, max: 2 });
  try {
    return await new Crowd(admin, options).run();
  } finally {
    await admin.end();
  }
}

class Crowd {
  readonly #admin: Pool;
  readonly #options: CrowdOptions;
  readonly #world: World;
  readonly #limit: number;

  constructor(admin: Pool, options: CrowdOptions) {
    this.#admin = admin;
    this.#options = options;
    this.#limit = options.clients * options.rounds * MONEY;
    this.#world = tree(this.#limit, options.shared);
  }

  async run(): Promise<CrowdReport> {
    await this.#openBudgets();
    const processes = Array.from({ length: PROCESSES }, (_, seed) => start(this.#planOf(seed)));
    const ends = processes.map((child) => once(child, 'exit'));
    const done = new AbortController();
    const watched = this.#watch(done.signal);
    const caredFor = careFor(this.#world, this.#options.adminUrl, done.signal);
    await Promise.all(processes.map((child) => once(child.stdout!, 'data')));
    await this.#untilSettled(this.#options.clients);
    for (const victim of processes.slice(0, KILLED)) victim.kill('SIGKILL');
    const codes = (await Promise.all(ends)).map(([code]: unknown[]) => code);
    done.abort();
    const seen = await watched;
    const turns = await caredFor;
    const freed = await this.#number(
      `select freed from countersign.sweep_reservations('${NOBODY}', now() + interval '2 minutes', 1000000)`,
    );
    const end = await this.#accounts();
    return {
      ...seen,
      turns,
      late: await this.#number('select count(*) from countersign.reservations where organization_id = $1 and late', [
        this.#world.organization,
      ]),
      exitCodes: codes.slice(KILLED),
      freed,
      end,
      limit: this.#limit,
      counted: Number(end.find(({ limit_amount: limit }) => Number(limit) === this.#limit)?.settled),
      spent: await this.#number(
        'select coalesce(sum(cost), 0) from countersign.reservations where organization_id = $1',
        [this.#world.organization],
      ),
    };
  }

  async #openBudgets(): Promise<void> {
    await writeWorld(this.#admin, this.#world);
    await this.#admin.query(
      `update countersign.budget_periods set starts_at = now() - interval '1 day', ends_at = now() + interval '1 day' where organization_id = $1`,
      [this.#world.organization],
    );
  }

  #planOf(seed: number): CrowdPlan {
    const { url, clients, rounds } = this.#options;
    const { organization, people, paths } = this.#world;
    const world = {
      organization,
      people: [...people],
      paths: Object.fromEntries([...paths].map(([team, path]) => [team, [...path]])),
    };
    return { url, clients, rounds, seed, ttlMs: TTL_MS, world };
  }

  async #watch(done: AbortSignal): Promise<{ looks: number; wrong: readonly Account[] }> {
    const wrong: Account[] = [];
    let looks = 0;
    for (; !done.aborted; looks += 1)
      wrong.push(...(await this.#accounts()).filter(({ over, broken }) => over || broken));
    return { looks, wrong };
  }

  async #untilSettled(count: number): Promise<void> {
    const settled = () =>
      this.#number(`select count(*) from countersign.reservations where organization_id = $1 and state = 'settled'`, [
        this.#world.organization,
      ]);
    while ((await settled()) < count);
  }

  async #accounts(): Promise<Account[]> {
    const { rows } = await this.#admin.query<Account>(
      `select p.limit_amount, p.settled + l.settled as settled, p.held + l.held as held, p.settled + l.settled + p.held + l.held > p.limit_amount as over,
         p.leased <> l.granted or l.broken or p.held < 0 as broken
       from countersign.budget_periods p cross join lateral (
         select coalesce(sum(granted), 0) as granted, coalesce(sum(settled), 0) as settled, coalesce(sum(held), 0) as held, coalesce(bool_or(settled + held > granted or held < 0), false) as broken
         from countersign.budget_leases where period_id = p.id) l
       where p.organization_id = $1`,
      [this.#world.organization],
    );
    return rows;
  }

  async #number(sql: string, values: readonly unknown[] = []): Promise<number> {
    const { rows } = await this.#admin.query<Record<string, unknown>>(sql, [...values]);
    return Number(Object.values(rows[0] ?? {})[0]);
  }
}

/** Organization, divisions, teams and people, each with a budget, and less money than is asked for. */
function tree(total: number, shared: boolean): World {
  const organization = randomUUID();
  const divisions = [randomUUID(), randomUUID()];
  const teams = divisions.flatMap((division) => [randomUUID(), randomUUID()].map((team) => ({ team, division })));
  const people = Array.from({ length: 8 }, () => randomUUID());
  const budget = (team: string, limit: number, more: Partial<WorldBudget> = {}): WorldBudget => ({
    id: randomUUID(),
    period: randomUUID(),
    team,
    person: null,
    provider: null,
    model: null,
    currency: 'USD',
    limit,
    action: 'require_approval',
    freeModels: [],
    ceiling: limit,
    shares: 0,
    warnAt: limit * 0.8,
    ...more,
  });
  const shares = shared ? teams.length : 0;
  return {
    organization,
    people,
    paths: new Map<string, readonly string[]>([
      ...divisions.map((division) => [division, [division, organization]] as const),
      ...teams.map(({ team, division }) => [team, [team, division, organization]] as const),
    ]),
    budgets: [
      budget(organization, total, { shares }),
      ...divisions.map((division) => budget(division, total * 0.6, { shares: shared ? 2 : 0 })),
      ...teams.map(({ team }) => budget(team, total * 0.35)),
      ...people.map((person) => budget(teams[0]!.team, total * 0.1, { person })),
    ],
  };
}

function start(plan: CrowdPlan): ChildProcess {
  return spawn(process.execPath, ['--no-warnings', PROGRAM, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
