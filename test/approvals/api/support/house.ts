import { ApiCaller } from '../../../support/api-caller.ts';
import { startTestSystem, type TestSystem, type TestSystemOptions } from '../../../support/system.ts';
import type { ApiAnswer } from '../../../support/api-caller.ts';

type Json = Record<string, unknown>;

export const TEAM = 'research';

/** What a stage asks of whom, in short: ids of users, roles as `@role`, guests as addresses. */
export function approvers(...names: readonly string[]): Json[] {
  return names.map((name) =>
    name.startsWith('@') ? { role: name.slice(1) } : name.includes('@') ? { email: name } : { user_id: name },
  );
}

export function stage(names: readonly string[], more: Json = {}): Json {
  return { approvers: approvers(...names), ...more };
}

/** A team with people in it, on a system of its own. `asker` is always there and asks. */
export class House {
  readonly system: TestSystem;
  readonly api: ApiCaller;
  readonly #keys = new Map<string, string>();

  private constructor(system: TestSystem) {
    this.system = system;
    this.api = new ApiCaller(system.baseUrl, system.ownerKey);
  }

  /** @param people ids with the roles they hold in the team */
  static async open(
    people: Readonly<Record<string, readonly string[]>>,
    options: TestSystemOptions = {},
  ): Promise<House> {
    const house = new House(await startTestSystem(options));
    await house.team(TEAM);
    for (const [user, roles] of Object.entries({ asker: ['member'], ...people })) await house.person(user, roles);
    return house;
  }

  close(): Promise<void> {
    return this.system.stop();
  }

  async team(id: string, more: Json = {}): Promise<void> {
    await this.api.need('POST', '/api/v1/teams', { id, name: `Team ${id}`, ...more });
  }

  async person(user: string, roles: readonly string[], more: Json & { team?: string } = {}): Promise<void> {
    const { team = TEAM, ...rest } = more;
    this.#keys.set(user, await this.api.person(team, user, roles, rest));
  }

  /** Gives somebody roles in the whole organization. */
  async personOfOrganization(user: string, roles: readonly string[]): Promise<void> {
    await this.api.need('PUT', `/api/v1/organization/members/${user}`, {
      name: `Name of ${user}`,
      email: `${user}@example.test`,
      roles,
    });
    this.#keys.set(user, (await this.api.need('POST', '/api/v1/api-keys', { user_id: user })).key);
  }

  key(user: string): string {
    const key = this.#keys.get(user);
    if (!key) throw new Error(`nobody here is called ${user}`);
    return key;
  }

  /** A request by `asker`; without stages, the team's hierarchy makes them. */
  body(stages: readonly Json[] | null, more: Json = {}): Json {
    return {
      team_id: TEAM,
      kind: 'spend',
      title: 'A request',
      requester_id: 'asker',
      ...(stages ? { chain: { stages } } : {}),
      ...more,
    };
  }

  async ask(stages: readonly Json[] | null, more: Json = {}, as?: string): Promise<ApiAnswer['body']> {
    return this.api.need('POST', '/api/v1/approvals', this.body(stages, more), as ? this.key(as) : undefined);
  }

  tryToAsk(stages: readonly Json[] | null, more: Json = {}, as?: string): Promise<ApiAnswer> {
    return this.api.call('POST', '/api/v1/approvals', this.body(stages, more), as ? this.key(as) : undefined);
  }

  preview(stages: readonly Json[] | null, more: Json = {}): Promise<ApiAnswer['body']> {
    return this.api.need('POST', '/api/v1/approvals/preview', this.body(stages, more));
  }

  decide(approval: string, user: string, decision = 'approve', more: Json = {}): Promise<ApiAnswer> {
    return this.api.decide(approval, this.key(user), decision, more);
  }

  change(approval: string, action: string, body: Json = {}, as?: string): Promise<ApiAnswer> {
    return this.api.call('POST', `/api/v1/approvals/${approval}/${action}`, body, as ? this.key(as) : undefined);
  }

  async absent(user: string, delegate: string): Promise<void> {
    await this.api.need('PUT', `/api/v1/users/${user}/absence`, {
      from: new Date().toISOString(),
      until: new Date(Date.now() + 86_400_000).toISOString(),
      delegate_user_id: delegate,
    });
  }

  async timelineTypes(approval: string): Promise<string[]> {
    return (await this.api.timeline(approval)).map((item) => item.type).filter((type) => type !== 'mailed');
  }
}

/** Whom each stage asks, by id or address. */
export function asked(approval: { stages: { approvers: { user_id: string | null; email: string }[] }[] }): string[][] {
  return approval.stages.map((one) => one.approvers.map(({ user_id, email }) => user_id ?? email));
}

export function problem(code: string): Json {
  return { type: `/problems/${code}` };
}
