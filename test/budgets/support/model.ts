import { exactly } from '../../../src/platform/money.ts';
import { crossingOf, periodAt } from '../../../src/budgets/rules.ts';
import { fits } from './judgement.ts';
import { appliesTo } from './scope.ts';
import type { SpendingQuestion, SpentSource } from '../../../src/budgets/ports.ts';
import type { Spender, World, WorldBudget } from './ledger-world.ts';

interface ModelReservation {
  readonly amount: number;
  readonly spender: Spender;
  readonly madeAt: number;
  readonly expiresAt: number;
  state: 'held' | 'settled' | 'released';
}

/** What an id that was used before stands for. */
type Before = 'held' | 'settled' | 'ended';

/** Money that was spent. */
interface Spent {
  readonly spender: Spender;
  readonly cost: number;
  readonly at: number;
}

/**
 * What budgets are to do, without tables, locks, leases or accounts of periods: everything is looked at one after the other, and
 * counted anew. It is the ledger that new periods start from, too.
 */
export class BudgetModel implements SpentSource {
  readonly #world: World;
  readonly #budgets: WorldBudget[] = [];
  readonly #spent: Spent[] = [];
  readonly #reservations = new Map<string, ModelReservation>();

  constructor(world: World) {
    this.#world = world;
  }

  /** From now on it holds. */
  make(budget: WorldBudget): void {
    this.#budgets.push(budget);
  }

  get budgets(): readonly WorldBudget[] {
    return this.#budgets;
  }

  change(changed: WorldBudget): void {
    this.#budgets.splice(
      this.#budgets.findIndex(({ id }) => id === changed.id),
      1,
      changed,
    );
  }

  /** Whether an amount is held; under an id that was used before, what that stands for. */
  reserve(id: string, spender: Spender, amount: number, now: number, expiresAt: number): Before | 'refused' {
    const before = this.#reservations.get(id);
    if (before && before.state === 'settled') return 'settled';
    if (before) return before.state === 'held' && before.expiresAt > now ? 'held' : 'ended';
    const budgets = this.#budgets.filter((budget) => this.#counts(budget, spender));
    if (!budgets.every((budget) => fits(this.#judged(budget, now), exactly(amount), spender.model))) return 'refused';
    this.#reservations.set(id, { amount, spender, madeAt: now, expiresAt, state: 'held' });
    return 'held';
  }

  /** @returns null where it was settled before */
  settle(id: string, spent: Spent, now: number): { late: boolean; aboveHold: boolean } | null {
    const reservation = this.#reservations.get(id);
    if (!reservation || reservation.state === 'settled') return null;
    const answer = {
      late: reservation.state !== 'held' || reservation.expiresAt <= now,
      aboveHold: spent.cost > reservation.amount,
    };
    reservation.state = 'settled';
    this.spend(spent);
    return answer;
  }

  madeAt(id: string): number {
    return this.#reservations.get(id)!.madeAt;
  }

  release(id: string): void {
    const reservation = this.#reservations.get(id);
    if (reservation?.state === 'held') reservation.state = 'released';
  }

  spend(spent: Spent): void {
    this.#spent.push(spent);
  }

  /** What was spent in the period that a moment lies in. */
  settled(budget: WorldBudget, now: number): number {
    const { from, until } = periodAt(new Date(now), 'monthly', { timezone: 'UTC', fiscalYearStart: '01-01' });
    return this.#sum(from, until, (spender) => this.#counts(budget, spender));
  }

  /** Whenever they were made. */
  held(budget: WorldBudget, now: number): number {
    const live = [...this.#reservations.values()].filter(
      ({ state, expiresAt, spender }) => state === 'held' && expiresAt > now && this.#counts(budget, spender),
    );
    return live.reduce((sum, { amount }) => sum + amount, 0);
  }

  crossing(budget: WorldBudget, now: number): 'none' | 'warning' | 'limit' {
    return crossingOf({
      settled: exactly(this.settled(budget, now)),
      limit: exactly(budget.limit),
      warnAt: exactly(budget.warnAt),
    });
  }

  /** What the ledger would say. */
  spent(_: unknown, { teams, person, provider, model, from, until }: SpendingQuestion): Promise<string> {
    const is = (wanted: string | null, value: string | null) => wanted === null || wanted === value;
    const sum = this.#sum(
      from,
      until,
      (spender) =>
        (teams === null || teams.includes(spender.team)) &&
        is(person, spender.person) &&
        is(provider, spender.provider) &&
        is(model, spender.model),
    );
    return Promise.resolve(String(sum));
  }

  #sum(from: Date, until: Date, counts: (spender: Spender) => boolean): number {
    return this.#spent
      .filter(({ spender, at }) => at >= from.getTime() && at < until.getTime() && counts(spender))
      .reduce((sum, { cost }) => sum + cost, 0);
  }

  #counts(budget: WorldBudget, spender: Spender): boolean {
    return appliesTo(budget, { ...spender, teamPath: this.#world.paths.get(spender.team)! });
  }

  #judged(budget: WorldBudget, now: number) {
    const { limit, action, freeModels, ceiling } = budget;
    return {
      limit: exactly(limit),
      settled: exactly(this.settled(budget, now)),
      held: exactly(this.held(budget, now)),
      exceededAction: action,
      freeModels,
      ceiling: exactly(ceiling),
    };
  }
}
