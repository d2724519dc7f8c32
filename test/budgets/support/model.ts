import { isModel } from '../../../src/usage/rules/model-names.ts';
import { exactly } from '../../../src/platform/money.ts';
import { crossingOf, type Period, periodAt } from '../../../src/budgets/rules.ts';
import { fits } from './judgement.ts';
import { appliesTo } from './scope.ts';
import type { Spent as LedgerAnswer, SpendingQuestion, SpentSource } from '../../../src/budgets/ports.ts';
import { currencyIn, type Spender, type World, type WorldBudget } from './ledger-world.ts';

interface ModelReservation {
  readonly amount: number;
  readonly spender: Spender;
  readonly madeAt: number;
  readonly expiresAt: number;
  /** By budget and period: what it was counted at there before an exchange rate changed. */
  readonly rates: Map<string, number>;
  state: 'held' | 'settled' | 'released';
}

/** What an id that was used before stands for. */
type Before = 'held' | 'settled' | 'ended';

/** One version of an exchange rate; the later one counts. */
interface ModelRate {
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly begins: number;
}

/** Money that was spent, in the currency of the spender's team. */
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
  readonly #rates: ModelRate[] = [];
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
  reserve(
    id: string,
    spender: Spender,
    amount: number,
    now: number,
    expiresAt: number,
  ): Before | 'refused' | 'inconvertible' {
    const before = this.#reservations.get(id);
    if (before && before.state === 'settled') return 'settled';
    if (before) return before.state === 'held' && before.expiresAt > now ? 'held' : 'ended';
    const budgets = this.#budgets.filter((budget) => this.#counts(budget, spender));
    const rateOf = (budget: WorldBudget) => this.#rateAt(this.#currencyOf(spender), budget.currency, now);
    if (budgets.some((budget) => budget.action !== 'notify' && rateOf(budget) === null)) return 'inconvertible';
    const fitsInto = (budget: WorldBudget) =>
      fits(this.#judged(budget, now), exactly(amount * (rateOf(budget) ?? 0)), spender.model);
    if (!budgets.every(fitsInto)) return 'refused';
    this.#reservations.set(id, { amount, spender, madeAt: now, expiresAt, rates: new Map(), state: 'held' });
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
    const { from, until } = monthOf(now);
    return this.#sum(
      budget.currency,
      this.#spentBetween(from, until, (spender) => this.#counts(budget, spender)),
    );
  }

  /** Whenever they were made. */
  held(budget: WorldBudget, now: number): number {
    return this.#live(budget, now).reduce(
      (sum, reservation) => sum + reservation.amount * (this.#heldAt(reservation, budget, now) ?? 0),
      0,
    );
  }

  /** What is held keeps the rate that it is held at in the periods of this moment. */
  changeRate(changed: ModelRate, now: number): void {
    for (const budget of this.#budgets)
      for (const reservation of this.#live(budget, now)) {
        const rate = this.#heldAt(reservation, budget, now);
        if (rate !== null) reservation.rates.set(placeOf(budget, now), rate);
      }
    this.#rates.push(changed);
  }

  crossing(budget: WorldBudget, now: number): 'none' | 'warning' | 'limit' {
    return crossingOf({
      settled: exactly(this.settled(budget, now)),
      limit: exactly(budget.limit),
      warnAt: exactly(budget.warnAt),
    });
  }

  /** What the ledger would say. */
  spent(
    _: unknown,
    { teams, person, provider, model, currency, from, until }: SpendingQuestion,
  ): Promise<LedgerAnswer> {
    const is = (wanted: string | null, value: string | null) => wanted === null || wanted === value;
    const spent = this.#spentBetween(
      from,
      until,
      (spender) =>
        (teams === null || teams.includes(spender.team)) &&
        is(person, spender.person) &&
        is(provider, spender.provider) &&
        (model === null || isModel(model, spender.model ?? '')),
    );
    const currencies = new Set(spent.map(({ spender }) => this.#currencyOf(spender)));
    currencies.delete(currency);
    return Promise.resolve({
      counted: String(this.#sum(currency, spent)),
      uncounted: [],
      otherCurrencies: [...currencies],
    });
  }

  #spentBetween(from: Date, until: Date, counts: (spender: Spender) => boolean): Spent[] {
    return this.#spent.filter(({ spender, at }) => at >= from.getTime() && at < until.getTime() && counts(spender));
  }

  /** Each at the rate of its moment; what there was none for does not count. */
  #sum(currency: string, spent: readonly Spent[]): number {
    return spent.reduce(
      (sum, { spender, cost, at }) => sum + cost * (this.#rateAt(this.#currencyOf(spender), currency, at) ?? 0),
      0,
    );
  }

  #live(budget: WorldBudget, now: number): ModelReservation[] {
    return [...this.#reservations.values()].filter(
      ({ state, expiresAt, spender }) => state === 'held' && expiresAt > now && this.#counts(budget, spender),
    );
  }

  #heldAt({ rates, spender, madeAt }: ModelReservation, budget: WorldBudget, now: number): number | null {
    return rates.get(placeOf(budget, now)) ?? this.#rateAt(this.#currencyOf(spender), budget.currency, madeAt);
  }

  #rateAt(from: string, to: string, at: number): number | null {
    if (from === to) return 1;
    const begun = this.#rates.filter((rate) => rate.from === from && rate.to === to && rate.begins <= at);
    return begun.at(-1)?.rate ?? null;
  }

  #currencyOf({ team }: Spender): string {
    return currencyIn(this.#world, team);
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

function monthOf(now: number): Period {
  return periodAt(new Date(now), 'monthly', { timezone: 'UTC', fiscalYearStart: '01-01' });
}

function placeOf(budget: WorldBudget, now: number): string {
  return `${budget.id} ${monthOf(now).from.toISOString()}`;
}
