import { ApiCaller } from '../../support/api-caller.ts';
import { startTestSystem, type TestSystem, type TestSystemOptions } from '../../support/system.ts';
import type { ApiAnswer } from '../../support/api-caller.ts';

type Json = Record<string, unknown>;

export function usd(value: string): Json {
  return { value, currency: 'USD' };
}

/** Teams `lab` and, below it, `vision`, with `ann` and `bob` in the latter, on a system of its own. */
export class Purse {
  readonly system: TestSystem;
  readonly api: ApiCaller;
  readonly #keys = new Map<string, string>();

  private constructor(system: TestSystem) {
    this.system = system;
    this.api = new ApiCaller(system.baseUrl, system.ownerKey);
  }

  static async open(options: TestSystemOptions = {}): Promise<Purse> {
    const purse = new Purse(await startTestSystem({ worker: false, ...options }));
    await purse.api.need('POST', '/api/v1/teams', { id: 'lab', name: 'Lab', timezone: 'Europe/Berlin' });
    await purse.api.need('POST', '/api/v1/teams', { id: 'vision', name: 'Vision', parent_team_id: 'lab' });
    for (const [user, roles] of Object.entries({ ann: ['member'], bob: ['member'], fin: ['finance'], eye: ['viewer'] }))
      purse.#keys.set(user, await purse.api.person('vision', user, roles, {}));
    return purse;
  }

  close(): Promise<void> {
    return this.system.stop();
  }

  key(user: string): string {
    const key = this.#keys.get(user);
    if (!key) throw new Error(`nobody here is called ${user}`);
    return key;
  }

  async team(id: string, more: Json = {}): Promise<void> {
    await this.api.need('POST', '/api/v1/teams', { id, name: `Team ${id}`, ...more });
    await this.api.person(id, `${id}-user`, ['member'], {});
  }

  /** @param team null for the organization */
  budget(team: string | null, name: string, amount: string, more: Json = {}): Promise<ApiAnswer['body']> {
    return this.api.need('PUT', `${budgetsOf(team)}/${name}`, { amount: usd(amount), period: 'monthly', ...more });
  }

  read(team: string | null, name: string): Promise<ApiAnswer['body']> {
    return this.api.need('GET', `${budgetsOf(team)}/${name}`);
  }

  reserve(amount: string, more: Json = {}, key?: string): Promise<ApiAnswer> {
    return this.api.call(
      'POST',
      '/api/v1/reservations',
      { team_id: 'vision', user_id: 'ann', amount: usd(amount), ...more },
      key,
    );
  }

  async hold(amount: string, more: Json = {}): Promise<string> {
    const { status, body } = await this.reserve(amount, more);
    if (status !== 201) throw new Error(`a reservation was answered ${status}: ${JSON.stringify(body)}`);
    return body.id;
  }

  settle(id: string, cost: string, more: Json = {}): Promise<ApiAnswer> {
    return this.api.call('POST', `/api/v1/reservations/${id}/settle`, {
      event: { provider: 'openai', model: 'gpt-4o', input_tokens: 1000, output_tokens: 100, cost: usd(cost), ...more },
    });
  }

  release(id: string): Promise<ApiAnswer> {
    return this.api.call('POST', `/api/v1/reservations/${id}/release`);
  }

  /** Usage that nobody reserved. */
  spend(id: string, cost: string, more: Json = {}): Promise<ApiAnswer['body']> {
    const event = {
      id,
      team_id: 'vision',
      user_id: 'ann',
      provider: 'openai',
      model: 'gpt-4o',
      input_tokens: 1,
      output_tokens: 1,
      cost: usd(cost),
      occurred_at: this.system.core.clock.now().toISOString(),
      ...more,
    };
    return this.api.need('POST', '/api/v1/usage', { events: [event] });
  }
}

function budgetsOf(team: string | null): string {
  return team === null ? '/api/v1/organization/budgets' : `/api/v1/teams/${team}/budgets`;
}
