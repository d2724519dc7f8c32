import { Client } from 'pg';
import { startTestSystem, type TestSystem, type TestSystemOptions } from '../../../support/system.ts';
import type { ApiAnswer } from '../../../support/api-caller.ts';

export type Json = Record<string, unknown>;

/** Two teams (`lab` within `research`) and a team `berlin` that counts in euros, with people in them. */
export class Office {
  readonly system: TestSystem;
  readonly keys: Record<string, string> = {};

  private constructor(system: TestSystem) {
    this.system = system;
  }

  static async open(options: TestSystemOptions = {}): Promise<Office> {
    const office = new Office(await startTestSystem({ worker: false, ...options }));
    const { system } = office;
    await system.need('POST', '/api/v1/teams', { id: 'research', name: 'Research', currency: 'USD' });
    await system.need('POST', '/api/v1/teams', { id: 'lab', name: 'Lab', parent_team_id: 'research' });
    await system.need('POST', '/api/v1/teams', { id: 'berlin', name: 'Berlin', currency: 'EUR' });
    for (const user of ['ana', 'ben']) office.keys[user] = await system.person('research', user, ['member']);
    office.keys['lead'] = await system.person('research', 'lead', ['admin']);
    office.keys['money'] = await system.person('research', 'money', ['finance']);
    office.keys['service'] = (await system.need('POST', '/api/v1/api-keys', { service_name: 'gateway' })).key;
    office.keys['lab-service'] = (
      await system.need('POST', '/api/v1/api-keys', { service_name: 'lab gateway', team_id: 'lab' })
    ).key;
    return office;
  }

  close(): Promise<void> {
    return this.system.stop();
  }

  /** Reports events as the service, unless another key is given. */
  async report(events: readonly unknown[], key = this.keys['service']): Promise<ApiAnswer['body']> {
    return this.system.need('POST', '/api/v1/usage', { events }, key);
  }

  /** Looks at the tables as no role of the product may. */
  async rows<Row extends object = Json>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: this.system.databaseAdminUrl });
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...params])).rows;
    } finally {
      await client.end();
    }
  }
}

let made = 0;

/** A valid event, of a minute ago, with an id of its own. */
export function event(more: Json = {}): Json {
  made += 1;
  return {
    id: `event-${made}`,
    team_id: 'research',
    user_id: 'ana',
    provider: 'openai',
    model: 'gpt-4o',
    input_tokens: 1_000,
    output_tokens: 100,
    occurred_at: new Date(Date.now() - 60_000).toISOString(),
    ...more,
  };
}

export function without(name: string, from: Json): Json {
  return Object.fromEntries(Object.entries(from).filter(([key]) => key !== name));
}

export function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
