import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import fc from 'fast-check';
import type { Pool } from 'pg';
import type { Database } from '../../../src/platform/database/database.ts';
import { plainArray } from '../../../src/platform/database/sql-arrays.ts';
import { BillingSettings } from '../../../src/tenancy/entities.ts';
import { ExchangeRate } from '../../../src/usage/entities.ts';
import type { Budgeted } from '../../../src/budgets/budgeted.ts';
import { Budget, BudgetLease } from '../../../src/budgets/entities.ts';
import { countAnew } from '../../../src/budgets/exchange-rates.ts';
import { PeriodBook } from '../../../src/budgets/period-book.ts';
import { figuresOf } from '../../../src/budgets/queries.ts';
import { ReservationStore } from '../../../src/budgets/reservation-store.ts';
import {
  type Currency,
  mayGoOn,
  otherThan,
  plans,
  realCall,
  type Step,
  steps,
  withLimit,
  worldOf,
  type WorldPlan,
} from './history-steps.ts';
import {
  currencyIn,
  placeOf,
  reserveIn,
  type Spender,
  START,
  type World,
  type WorldBudget,
  writeWorld,
} from './ledger-world.ts';
import { BudgetModel } from './model.ts';

const NEVER = 1_000;
const CROWD_TTL_MS = 20_000;
const DAY_MS = 86_400_000;
/** What is reported late: in the period before, where that has just ended. */
const LATE_BY_MS = 20_000;

/**
 * Lives through random histories.
 * @throws with the shortest one that was found, where tables and model do not agree
 */
export async function liveHistories(
  database: Database,
  admin: Pool,
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
  readonly #book: PeriodBook;
  readonly #world: World;
  readonly #later: WorldBudget[];
  readonly #model: BudgetModel;
  readonly #spenders: readonly Spender[];
  readonly #asked: { id: string; spender: Spender }[] = [];
  readonly #places = new Map<Spender, Budgeted>();
  #now = START.getTime();
  #rateVersions = 0;
  #mayCrossAgain = false;

  private constructor(database: Database, plan: WorldPlan) {
    const { world, later, spenders } = worldOf(plan);
    this.#database = database;
    this.#store = new ReservationStore(database);
    this.#world = world;
    this.#later = later;
    this.#spenders = spenders;
    this.#model = new BudgetModel(world);
    this.#book = new PeriodBook({ spent: this.#model, leastTeamsToShare: plan.shared ? 1 : NEVER });
    for (const budget of world.budgets) this.#model.make(budget);
  }

  /** @throws Error that says where the tables and the model differ */
  static async live(database: Database, admin: Pool, plan: WorldPlan, taken: readonly Step[]): Promise<void> {
    const history = new History(database, plan);
    await writeWorld(admin, history.#world);
    await history.#writeSettings();
    for (const { from, rate } of plan.rates) await history.#changeRate(from, rate, START.getTime() - DAY_MS);
    for (const step of taken) await history.#take(step);
    await history.#compareFigures();
    await history.#compareCrossings();
  }

  async #take(step: Step): Promise<void> {
    switch (step.type) {
      case 'reserve':
        return this.#reserve(step);
      case 'crowd':
        return this.#crowd(step.calls);
      case 'settle':
        return this.#settle(step);
      case 'release': {
        const reserved = this.#asked[step.which % Math.max(1, this.#asked.length)];
        if (!reserved) return;
        await this.#store.release(this.#world.organization, reserved.id, this.#at());
        return this.#model.release(reserved.id);
      }
      case 'spend': {
        const spender = realCall(this.#spender(step.spender), step.cost);
        const at = this.#now - (step.late ? LATE_BY_MS : 0);
        const currency = currencyIn(this.#world, spender.team);
        const spends = JSON.stringify([{ ...spender, currency, cost: String(step.cost), at: new Date(at) }]);
        await this.#inTransaction((em) =>
          em.execute('select countersign.spend(?::jsonb, ?::timestamptz)', [spends, this.#at()]),
        );
        return this.#model.spend({ spender, cost: step.cost, at });
      }
      case 'wait':
        this.#now += step.seconds * 1000;
        return;
      case 'limit':
        return this.#limit(step);
      case 'rate':
        this.#mayCrossAgain = true;
        return this.#changeRate(step.from, step.rate, this.#now + step.inSeconds * 1000);
      case 'make':
        return this.#make();
      case 'gather':
        await this.#gather();
    }
  }

  async #reserve({ spender: index, amount, ttl, again, stale }: Extract<Step, { type: 'reserve' }>): Promise<void> {
    const repeated = again ? this.#asked.at(-1) : undefined;
    const spender = repeated?.spender ?? this.#spender(index);
    const id = repeated?.id ?? randomUUID();
    const look = () => this.#look(spender);
    if (!stale || !this.#places.has(spender)) this.#places.set(spender, await look());
    const expiresAt = new Date(this.#now + ttl * 1000);
    const known = this.#places.get(spender)!;
    const { outcome } = await reserveIn(
      this.#store,
      this.#world.organization,
      { known, look },
      { id, amount: String(amount), at: this.#at(), expiresAt },
    );
    const expected = this.#model.reserve(id, spender, amount, this.#now, expiresAt.getTime());
    // One that had run out when it was released has ended either way.
    const answer = outcome === 'released' || outcome === 'expired' ? 'ended' : outcome;
    if (answer !== expected) throw new Error(`reserving ${amount} is ${outcome} and should be ${expected}`);
    if (outcome === 'held' && !repeated) this.#asked.push({ id, spender });
  }

  /**
   * Nobody says in which order they are judged, and a limit cares only for the sum: what was held has to fit together, those
   * first that stop at the limit, and what was refused has to be too much for what was held.
   */
  async #crowd(calls: Extract<Step, { type: 'crowd' }>['calls']): Promise<void> {
    const expiresAt = new Date(this.#now + CROWD_TTL_MS);
    const asked = await Promise.all(
      calls.map(async ({ spender: index, amount }) => {
        const spender = this.#spender(index);
        const look = () => this.#look(spender);
        const call = { id: randomUUID(), amount: String(amount), at: this.#at(), expiresAt };
        const known = await look();
        const { outcome } = await reserveIn(this.#store, this.#world.organization, { known, look }, call);
        return { id: call.id, spender, amount, outcome };
      }),
    );
    const rank = ({ outcome, spender }: (typeof asked)[number]) => (outcome !== 'held' ? 2 : mayGoOn(spender) ? 1 : 0);
    for (const { id, spender, amount, outcome } of asked.toSorted((one, other) => rank(one) - rank(other))) {
      const expected = this.#model.reserve(id, spender, amount, this.#now, expiresAt.getTime());
      if (outcome !== expected)
        throw new Error(`in a crowd, reserving ${amount} is ${outcome} and should be ${expected}`);
      if (outcome === 'held') this.#asked.push({ id, spender });
    }
  }

  async #settle({ which, cost, early }: Extract<Step, { type: 'settle' }>): Promise<void> {
    const reserved = this.#asked[which % Math.max(1, this.#asked.length)];
    if (!reserved) return;
    const spender = realCall(reserved.spender, cost);
    const at = early ? this.#model.madeAt(reserved.id) : this.#now;
    const settlement = {
      hash: Buffer.from(`${cost}`.padEnd(16)),
      team: spender.team,
      person: spender.person,
      provider: spender.provider ?? '',
      model: spender.model ?? '',
      cost: String(cost),
      currency: currencyIn(this.#world, spender.team),
      occurredAt: new Date(at),
    };
    const outcome = await this.#inTransaction((em) => this.#store.settle(em, reserved.id, settlement, this.#at()));
    const expected = this.#model.settle(reserved.id, { spender, cost, at }, this.#now);
    const agrees =
      expected === null
        ? outcome.outcome !== 'settled'
        : outcome.outcome === 'settled' &&
          outcome.was_late === expected.late &&
          outcome.was_above_hold === expected.aboveHold;
    if (!agrees)
      throw new Error(`settling ${cost} is ${JSON.stringify(outcome)} and should be ${JSON.stringify(expected)}`);
  }

  async #limit({ which, limit }: Extract<Step, { type: 'limit' }>): Promise<void> {
    const budget = this.#model.budgets[which];
    if (!budget) return;
    this.#mayCrossAgain = true;
    this.#model.change(withLimit(budget, limit));
    await this.#underLock(async (em) => {
      const row = await em.findOneOrFail(Budget, { id: budget.id });
      row.amount = String(limit);
      await em.flush();
      await this.#book.bringUpToDate(em, row, this.#at());
    });
  }

  /** A budget that is made in the middle of its period, with everything that was spent and is held by then. */
  async #make(): Promise<void> {
    const budget = this.#later.shift();
    if (!budget) return;
    const { id, team, person, provider, model, currency, limit, action } = budget;
    await this.#underLock(async (em) => {
      const row = em.create(Budget, {
        id,
        organization: this.#world.organization,
        team,
        person,
        provider,
        model,
        name: id,
        amount: String(limit),
        currency,
        period: 'monthly',
        exceededAction: action,
        createdAt: this.#at(),
        updatedAt: this.#at(),
      });
      await em.persist(row).flush();
      await this.#book.bringUpToDate(em, row, this.#at());
    });
    this.#model.make(budget);
  }

  /** Every account that has come is begun before, so that the model need not know when that was. */
  async #changeRate(from: Currency, rate: number, begins: number): Promise<void> {
    await this.#beginPeriods();
    const to = otherThan(from);
    this.#model.changeRate({ from, to, rate, begins }, this.#now);
    this.#rateVersions += 1;
    const { organization } = this.#world;
    await this.#inTransaction(async (em) => {
      await em.insert(ExchangeRate, {
        id: randomUUID(),
        organization,
        fromCurrency: from,
        toCurrency: to,
        version: this.#rateVersions,
        rate: String(rate),
        effectiveFrom: new Date(begins),
        createdAt: this.#at(),
      });
      await countAnew(em, this.#book, { organization, from, to }, this.#at());
    });
  }

  /** The models that a restriction lets go on. */
  async #writeSettings(): Promise<void> {
    const { organization, paths } = this.#world;
    const settings = { budget_alerts: { restrict_to_models: ['large'], hard_limit_percent: 110 } };
    await this.#inTransaction((em) =>
      em.insertMany(
        BillingSettings,
        [...paths.keys()].map((team) => ({
          id: randomUUID(),
          organization,
          team,
          settings,
          version: 1,
          updatedAt: START,
        })),
      ),
    );
  }

  /** As the product looks: begins periods that have come, and opens a part for a team that has none. */
  async #look(spender: Spender): Promise<Budgeted> {
    await this.#beginPeriods();
    await this.#inTransaction(async (em) => {
      const shared = await em.execute<{ id: string }[]>(
        'select p.id from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id where p.escrow and b.team_id = any(?::uuid[]) and b.currency = ?',
        [plainArray(this.#world.paths.get(spender.team)!), currencyIn(this.#world, spender.team)],
      );
      const { organization } = this.#world;
      const leases = shared.map(({ id }) => ({ id: randomUUID(), organization, period: id, team: spender.team }));
      if (leases.length > 0)
        await em.createQueryBuilder(BudgetLease).insert(leases).onConflict(['period', 'team']).ignore().execute();
    });
    return placeOf(this.#database, this.#world, spender, this.#at());
  }

  async #beginPeriods(): Promise<void> {
    const begun = await this.#figures();
    const missing = this.#model.budgets.filter(({ id }) => !begun.has(id)).map(({ id }) => id);
    if (missing.length === 0) return;
    await this.#underLock(async (em) => {
      for (const budget of await em.find(Budget, { id: { $in: missing } }))
        await this.#book.bringUpToDate(em, budget, this.#at());
    });
  }

  #figures() {
    const ids = this.#model.budgets.map(({ id }) => id);
    return this.#inTransaction((em) => figuresOf(em, ids, this.#at()));
  }

  async #underLock(work: (em: EntityManager) => Promise<void>): Promise<void> {
    await this.#inTransaction(async (em) => {
      await this.#book.lock(em);
      await work(em);
      await this.#book.announce(em, this.#world.organization);
    });
  }

  async #compareFigures(): Promise<void> {
    await this.#beginPeriods();
    const figures = await this.#figures();
    for (const budget of this.#model.budgets) {
      const seen = figures.get(budget.id)!;
      const [settled, held] = [this.#model.settled(budget, this.#now), this.#model.held(budget, this.#now)];
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
    if (this.#mayCrossAgain) return;
    await this.#gather();
    const told = await this.#inTransaction((em) =>
      em.execute<{ period: string; type: string; n: number }[]>(
        `select reference->>'period' as period, reference->>'type' as type, count(*)::int as n from countersign.outbox where channel = 'budget' group by 1, 2`,
      ),
    );
    const periods = await this.#figures();
    for (const budget of this.#model.budgets) {
      const current = periods.get(budget.id)?.id;
      const types = new Map(told.filter(({ period }) => period === current).map(({ type, n }) => [type, n]));
      const reached = types.get('limit-reached') ?? 0;
      const warned = types.get('warning-crossed') ?? 0;
      const crossing = this.#model.crossing(budget, this.#now);
      const right =
        reached === (crossing === 'limit' ? 1 : 0) &&
        (crossing === 'none' ? warned === 0 : crossing === 'warning' ? warned === 1 : warned <= 1);
      if (!right) throw new Error(`a budget that crossed ${crossing} told of ${warned} warnings and ${reached} limits`);
    }
  }

  async #gather(): Promise<void> {
    const periods = plainArray([...(await this.#figures()).values()].map(({ id }) => id));
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
