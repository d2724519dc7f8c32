import { exactly } from '../../../src/platform/money.ts';
import { appliesTo, crossingOf, fits } from '../../../src/budgets/rules.ts';
import type { World, WorldBudget } from './ledger-world.ts';

interface ModelReservation {
  readonly amount: number;
  readonly expiresAt: number;
  readonly budgets: readonly WorldBudget[];
  state: 'held' | 'settled' | 'released';
}

export interface Spender {
  readonly team: string;
  readonly person: string;
  readonly model: string | null;
}

/** What budgets are to do, without tables, locks or leases: everything is looked at one after the other, and counted anew. */
export class BudgetModel {
  readonly #world: World;
  readonly #settled = new Map<WorldBudget, number>();
  readonly #reservations = new Map<string, ModelReservation>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether an amount is held; what is held before stays so. */
  reserve(id: string, spender: Spender, amount: number, now: number, expiresAt: number): 'held' | 'refused' {
    if (this.#reservations.has(id)) return 'held';
    const budgets = this.#applicable(spender);
    if (!budgets.every((budget) => fits(this.#judged(budget, now), exactly(amount), spender.model))) return 'refused';
    this.#reservations.set(id, { amount, expiresAt, budgets, state: 'held' });
    return 'held';
  }

  settle(id: string, spender: Spender, cost: number, now: number): { late: boolean; aboveHold: boolean } | null {
    const reservation = this.#reservations.get(id);
    if (!reservation || reservation.state === 'settled') return null;
    const answer = {
      late: reservation.state !== 'held' || reservation.expiresAt <= now,
      aboveHold: cost > reservation.amount,
    };
    reservation.state = 'settled';
    this.spend(spender, cost);
    return answer;
  }

  release(id: string): void {
    const reservation = this.#reservations.get(id);
    if (reservation?.state === 'held') reservation.state = 'released';
  }

  spend(spender: Spender, cost: number): void {
    for (const budget of this.#applicable(spender)) this.#settled.set(budget, this.settled(budget) + cost);
  }

  settled(budget: WorldBudget): number {
    return this.#settled.get(budget) ?? 0;
  }

  held(budget: WorldBudget, now: number): number {
    const live = [...this.#reservations.values()].filter(
      ({ state, expiresAt, budgets }) => state === 'held' && expiresAt > now && budgets.includes(budget),
    );
    return live.reduce((sum, { amount }) => sum + amount, 0);
  }

  crossing(budget: WorldBudget): 'none' | 'warning' | 'limit' {
    return crossingOf({
      settled: exactly(this.settled(budget)),
      limit: exactly(budget.limit),
      warnAt: exactly(budget.warnAt),
    });
  }

  #applicable({ team, person, model }: Spender): WorldBudget[] {
    const teamPath = this.#world.paths.get(team)!;
    return this.#world.budgets.filter((budget) =>
      appliesTo(
        { team: budget.team, person: budget.person, provider: null, model: budget.model },
        { teamPath, person, provider: null, model },
      ),
    );
  }

  #judged(budget: WorldBudget, now: number) {
    const { limit, action, freeModels, ceiling } = budget;
    return {
      limit: exactly(limit),
      settled: exactly(this.settled(budget)),
      held: exactly(this.held(budget, now)),
      exceededAction: action,
      freeModels,
      ceiling: exactly(ceiling),
    };
  }
}
