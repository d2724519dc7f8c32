import type { ApiCaller } from '../../support/api-caller.ts';
import { until } from '../../support/api-caller.ts';

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers are what tests look at

/** A team with a member, an admin and a budget `main` of 100 USD, through the API. */
export class FundedTeam {
  readonly id: string;
  /** The admin's key. */
  readonly boss: string;
  readonly #api: ApiCaller;

  private constructor(api: ApiCaller, id: string, boss: string) {
    this.#api = api;
    this.id = id;
    this.boss = boss;
  }

  static async make(api: ApiCaller, id: string, budget: Json = {}): Promise<FundedTeam> {
    await api.need('POST', '/api/v1/teams', { id, name: `Team ${id}`, timezone: 'UTC' });
    await api.person(id, `${id}-user`, ['member']);
    const team = new FundedTeam(api, id, await api.person(id, `${id}-boss`, ['admin']));
    await team.change(budget);
    return team;
  }

  change(budget: Json): Promise<Json> {
    return this.#api.need('PUT', `/api/v1/teams/${this.id}/budgets/main`, {
      amount: { value: '100', currency: 'USD' },
      period: 'daily',
      ...budget,
    });
  }

  override(amount: string): Promise<Json> {
    return this.#api.need('POST', `/api/v1/teams/${this.id}/budgets/main/overrides`, {
      amount: { value: amount, currency: 'USD' },
      reason: 'A test',
    });
  }

  read(): Promise<Json> {
    return this.#api.need('GET', `/api/v1/teams/${this.id}/budgets/main`);
  }

  becomes(state: string, timeoutMs = 40_000): Promise<Json> {
    return until(
      async () => {
        const budget = await this.read();
        return budget['state'] === state && budget;
      },
      `the budget of ${this.id} is ${state}`,
      timeoutMs,
    );
  }

  spend(cost: string, at: Date): Promise<Json> {
    return this.#api.need('POST', '/api/v1/usage', {
      events: [
        {
          id: `${this.id}-${at.getTime()}-${cost}`,
          team_id: this.id,
          user_id: `${this.id}-user`,
          provider: 'openai',
          model: 'gpt-4o',
          input_tokens: 1,
          output_tokens: 1,
          cost: { value: cost, currency: 'USD' },
          occurred_at: at.toISOString(),
        },
      ],
    });
  }

  /** @returns the status of the answer */
  async reserve(amount: string): Promise<number> {
    const { status } = await this.#api.call('POST', '/api/v1/reservations', {
      team_id: this.id,
      user_id: `${this.id}-user`,
      amount: { value: amount, currency: 'USD' },
    });
    return status;
  }

  async requests(): Promise<Json[]> {
    const { items } = await this.#api.need('GET', `/api/v1/approvals?team_id=${this.id}&requester_id=countersign`);
    return items;
  }

  /** The newest request for an increase, as soon as it is in this state. */
  request(state: string, timeoutMs = 40_000): Promise<Json> {
    return until(
      async () => {
        const [newest] = await this.requests();
        return newest?.['state'] === state && newest;
      },
      `a request of ${this.id} is ${state}`,
      timeoutMs,
    );
  }

  decide({ id }: Json, decision: string): Promise<unknown> {
    return this.#api.decide(id, this.boss, decision);
  }
}
