import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Client } from 'pg';
import type { Database } from '../../../src/platform/database/database.ts';
import type { Budgeted } from '../../../src/budgets/budgeted.ts';
import { figuresOf } from '../../../src/budgets/queries.ts';
import { ReservationStore } from '../../../src/budgets/reservation-store.ts';
import { EXCEEDED_ACTIONS } from '../../../src/budgets/rules.ts';
import { placeOf, reserveIn, START, type World, writeWorld } from './ledger-world.ts';
import { BudgetModel, type Spender } from './model.ts';

const MODELS = ['small', 'large'];

/** What stands in a tree of four levels: organization, division, team, person; the numbers are drawn. */
interface WorldPlan {
  readonly budgets: readonly {
    readonly level: 'organization' | 'division' | 'team' | 'person' | 'model';
    readonly limit: number;
    readonly action: (typeof EXCEEDED_ACTIONS)[number];
    readonly shared: boolean;
  }[];
}

type Step =
  | {
      readonly type: 'reserve';
      readonly spender: number;
      readonly amount: number;
      readonly ttl: number;
      readonly again: boolean;
      readonly stale: boolean;
    }
  | { readonly type: 'settle'; readonly which: number; readonly cost: number }
  | { readonly type: 'release'; readonly which: number }
  | { readonly type: 'spend'; readonly spender: number; readonly cost: number }
  | { readonly type: 'wait'; readonly seconds: number }
  | { readonly type: 'limit'; readonly which: number; readonly limit: number }
  | { readonly type: 'gather' };

const natural = (max: number) => fc.integer({ min: 0, max });
/** Whole numbers, so that the model's sums are exact. */
const amounts = (max: number) => fc.integer({ min: 1, max: max * 10 });
const limits = fc.integer({ min: 5, max: 60 }).map((value) => value * 10);

const plans: fc.Arbitrary<WorldPlan> = fc.record({
  budgets: fc.array(
    fc.record({
      level: fc.constantFrom(
        'organization' as const,
        'division' as const,
        'team' as const,
        'person' as const,
        'model' as const,
      ),
      limit: limits,
      action: fc.constantFrom('require_approval' as const, ...EXCEEDED_ACTIONS),
      shared: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant('reserve' as const),
        spender: natural(7),
        amount: amounts(12),
        ttl: fc.integer({ min: 1, max: 30 }),
        again: fc.boolean(),
        stale: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('settle' as const), which: natural(20), cost: amounts(12) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const), which: natural(20) }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('spend' as const), spender: natural(7), cost: amounts(10) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 20 }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('limit' as const), which: natural(4), limit: limits }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('gather' as const) }) },
  ),
  { minLength: 4, maxLength: 24 },
);

function worldOf(plan: WorldPlan): World {
  const [organization, division, first, second] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()] as const;
  const people = [randomUUID(), randomUUID()];
  const places = { organization, division, team: first, person: first, model: organization };
  return {
    organization,
    people,
    paths: new Map([
      [division, [division, organization]],
      [first, [first, division, organization]],
      [second, [second, division, organization]],
    ]),
    budgets: plan.budgets.map(({ level, limit, action, shared }) => ({
      id: randomUUID(),
      period: randomUUID(),
      team: places[level],
      person: level === 'person' ? people[0]! : null,
      model: level === 'model' ? MODELS[0]! : null,
      limit,
      action,
      freeModels: action === 'restrict' ? [MODELS[1]!] : [],
      ceiling: action === 'restrict' ? (limit * 11) / 10 : limit,
      warnAt: (limit * 8) / 10,
      shares: shared && level !== 'person' ? 3 : 0,
    })),
  };
}

/**
 * Lives through random histories.
 * @throws with the shortest one that was found, where tables and model do not agree
 */
export async function liveHistories(
  database: Database,
  admin: Client,
  { count, atOnce }: { count: number; atOnce: number },
): Promise<void> {
  const share = (index: number) => Math.ceil((count - index) / atOnce);
  const live = fc.asyncProperty(plans, steps, (plan, taken) => History.live(database, admin, plan, taken));
  await Promise.all(Array.from({ length: atOnce }, (_, index) => fc.assert(live, { numRuns: share(index) })));
}

/** One history, lived through by the tables and by the model: they have to agree on every answer and on every figure. */
class History {
  readonly #database: Database;
  readonly #store: ReservationStore;
  readonly #world: World;
  readonly #model: BudgetModel;
  readonly #spenders: Spender[];
  readonly #asked: { id: string; spender: Spender }[] = [];
  readonly #places = new Map<Spender, Budgeted>();
  #now = START.getTime();
  #limitsChanged = false;

  private constructor(database: Database, world: World) {
    this.#database = database;
    this.#store = new ReservationStore(database);
    this.#world = world;
    this.#model = new BudgetModel(world);
    const teams = [...world.paths.keys()].slice(1);
    this.#spenders = teams.flatMap((team) =>
      world.people.flatMap((person) => MODELS.map((model) => ({ team, person, model }))),
    );
  }

  /** @throws Error that says where the tables and the model differ */
  static async live(database: Database, admin: Client, plan: WorldPlan, taken: readonly Step[]): Promise<void> {
    const world = worldOf(plan);
    await writeWorld(admin, world);
    const history = new History(database, world);
    for (const step of taken) await history.#take(step);
    await history.#compareFigures();
    await history.#compareCrossings();
  }

  async #take(step: Step): Promise<void> {
    switch (step.type) {
      case 'reserve':
        return this.#reserve(step);
      case 'settle':
        return this.#settle(step);
      case 'release': {
        const reserved = this.#asked[step.which % Math.max(1, this.#asked.length)];
        if (!reserved) return;
        await this.#store.release(this.#world.organization, reserved.id, this.#at());
        return this.#model.release(reserved.id);
      }
      case 'spend': {
        const { team, person, model } = this.#spender(step.spender);
        const spends = JSON.stringify([
          { team, person, provider: 'p', model, currency: 'USD', cost: String(step.cost), at: this.#at() },
        ]);
        await this.#inTransaction((em) =>
          em.execute('select countersign.spend(?::jsonb, ?::timestamptz)', [spends, this.#at()]),
        );
        return this.#model.spend({ team, person, model }, step.cost);
      }
      case 'wait':
        this.#now += step.seconds * 1000;
        return;
      case 'limit':
        return this.#limit(step);
      case 'gather':
        await this.#gather();
    }
  }

  async #reserve({ spender: index, amount, ttl, again, stale }: Extract<Step, { type: 'reserve' }>): Promise<void> {
    const repeated = again ? this.#asked.at(-1) : undefined;
    const spender = repeated?.spender ?? this.#spender(index);
    const id = repeated?.id ?? randomUUID();
    if (!stale || !this.#places.has(spender))
      this.#places.set(
        spender,
        await placeOf(this.#database, this.#world, spender.team, spender.person, spender.model),
      );
    const expiresAt = new Date(this.#now + ttl * 1000);
    const { outcome } = await reserveIn(this.#database, this.#store, this.#world, this.#places.get(spender)!, {
      id,
      amount: String(amount),
      at: this.#at(),
      expiresAt,
    });
    const expected = this.#model.reserve(id, spender, amount, this.#now, expiresAt.getTime());
    if (outcome !== expected) throw new Error(`reserving ${amount} is ${outcome} and should be ${expected}`);
    if (outcome === 'held' && !repeated) this.#asked.push({ id, spender });
  }

  async #settle({ which, cost }: Extract<Step, { type: 'settle' }>): Promise<void> {
    const reserved = this.#asked[which % Math.max(1, this.#asked.length)];
    if (!reserved) return;
    const { team, person, model } = reserved.spender;
    const hash = Buffer.from(`${cost}`.padEnd(16));
    const outcome = await this.#inTransaction((em) =>
      this.#store.settle(
        em,
        reserved.id,
        {
          hash,
          team,
          person,
          provider: 'p',
          model: model ?? '',
          cost: String(cost),
          currency: 'USD',
          occurredAt: this.#at(),
        },
        this.#at(),
      ),
    );
    const expected = this.#model.settle(reserved.id, reserved.spender, cost, this.#now);
    const agrees =
      expected === null
        ? outcome.outcome !== 'settled'
        : outcome.outcome === 'settled' &&
          outcome.was_late === expected.late &&
          outcome.was_above_hold === expected.aboveHold;
    if (!agrees)
      throw new Error(`settling ${cost} is ${JSON.stringify(outcome)} and should be ${JSON.stringify(expected)}`);
  }

  /** As a changed budget changes its period. */
  async #limit({ which, limit }: Extract<Step, { type: 'limit' }>): Promise<void> {
    const budget = this.#world.budgets[which];
    if (!budget || budget.action === 'restrict') return;
    this.#limitsChanged = true;
    budget.limit = limit;
    await this.#inTransaction(async (em) => {
      await em.execute('select countersign.lock_budget_books(true)');
      await em.execute('select countersign.gather_budgets(?::uuid[], ?::timestamptz)', [
        `{${budget.period}}`,
        this.#at(),
      ]);
      await em.execute(
        'update countersign.budget_periods set limit_amount = ?, warn_at = least(warn_at, ?), noted = case when settled >= ? then 2 else 0 end where id = ?',
        [limit, limit, limit, budget.period],
      );
      await em.execute('select countersign.note_budget_crossings(?::uuid[], ?::timestamptz)', [
        `{${budget.period}}`,
        this.#at(),
      ]);
      await em.execute('update countersign.budget_books set version = version + 1');
    });
  }

  async #compareFigures(): Promise<void> {
    const figures = await this.#inTransaction((em) =>
      figuresOf(
        em,
        this.#world.budgets.map(({ id }) => id),
        this.#at(),
      ),
    );
    for (const budget of this.#world.budgets) {
      const seen = figures.get(budget.id)!;
      const [settled, held] = [this.#model.settled(budget), this.#model.held(budget, this.#now)];
      if (Number(seen.settled) !== settled || Number(seen.held) !== held)
        throw new Error(
          `a budget shows ${seen.settled} settled and ${seen.held} held, and should show ${settled} and ${held}`,
        );
    }
    const [broken] = await this.#inTransaction((em) =>
      em.execute<{ n: number }[]>(`
      select count(*)::int as n from countersign.budget_periods p left join lateral (
        select coalesce(sum(granted), 0) as granted, coalesce(bool_or(settled + held > granted or settled < 0 or held < 0), false) as broken from countersign.budget_leases where period_id = p.id) l on true
      where l.granted <> p.leased or l.broken or p.held < 0 or p.settled < 0`),
    );
    if (broken!.n > 0) throw new Error('leases and periods contradict each other');
  }

  /** Once the parts are together, every crossing has been told, and none twice. */
  async #compareCrossings(): Promise<void> {
    if (this.#limitsChanged) return;
    await this.#gather();
    const told = await this.#inTransaction((em) =>
      em.execute<{ period: string; type: string; n: number }[]>(
        `select reference->>'period' as period, reference->>'type' as type, count(*)::int as n from countersign.outbox where channel = 'budget' group by 1, 2`,
      ),
    );
    for (const budget of this.#world.budgets) {
      const types = new Map(told.filter(({ period }) => period === budget.period).map(({ type, n }) => [type, n]));
      const reached = types.get('limit-reached') ?? 0;
      const warned = types.get('warning-crossed') ?? 0;
      const crossing = this.#model.crossing(budget);
      const right =
        reached === (crossing === 'limit' ? 1 : 0) &&
        (crossing === 'none' ? warned === 0 : crossing === 'warning' ? warned === 1 : warned <= 1);
      if (!right) throw new Error(`a budget that crossed ${crossing} told of ${warned} warnings and ${reached} limits`);
    }
  }

  async #gather(): Promise<void> {
    const periods = `{${this.#world.budgets.map(({ period }) => period).join(',')}}`;
    await this.#inTransaction((em) =>
      em.execute('select countersign.gather_budgets(?::uuid[], ?::timestamptz)', [periods, this.#at()]),
    );
  }

  #inTransaction<T>(work: (em: ReturnType<Database['fork']>) => Promise<T>): Promise<T> {
    return this.#database.fork(this.#world.organization).transactional(work);
  }

  #spender(index: number): Spender {
    return this.#spenders[index % this.#spenders.length]!;
  }

  #at(): Date {
    return new Date(this.#now);
  }
}
