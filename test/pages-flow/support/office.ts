import { randomBytes } from 'node:crypto';
import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { type TestSystem, type TestSystemOptions, startTestSystem } from '../../support/system.ts';
import { Visitor } from './visitor.ts';

type Json = Record<string, unknown>;

/** A team with a requester and approvers, on a system of its own. */
export class Office {
  readonly system: TestSystem;
  readonly team: string;
  readonly #keys = new Map<string, string>();

  private constructor(system: TestSystem, team: string) {
    this.system = system;
    this.team = team;
  }

  static async open(
    people: Readonly<Record<string, readonly string[]>>,
    options: TestSystemOptions = {},
  ): Promise<Office> {
    const system = await startTestSystem(options);
    const office = new Office(system, `team-${randomBytes(4).toString('hex')}`);
    await system.need('POST', '/api/v1/teams', { id: office.team, name: 'Research', currency: 'USD' });
    for (const [user, roles] of Object.entries(people))
      office.#keys.set(user, await system.person(office.team, user, roles));
    return office;
  }

  close(): Promise<void> {
    return this.system.stop();
  }

  visitor(): Visitor {
    return new Visitor(this.system.baseUrl);
  }

  key(user: string): string {
    const key = this.#keys.get(user);
    if (!key) throw new Error(`nobody here is called ${user}`);
    return key;
  }

  /** Asks for an approval in the name of `req`. @param stages each a list of approvers' ids, or a stage as the API takes it */
  async ask(stages: readonly (readonly string[] | Json)[], more: Json = {}): Promise<Asked> {
    const chain = {
      stages: stages.map((stage) => (isList(stage) ? { approvers: stage.map((user_id) => ({ user_id })) } : stage)),
    };
    const title = `Request ${randomBytes(5).toString('hex')}`;
    const body = { team_id: this.team, kind: 'spend', title, requester_id: 'req', chain, ...more };
    const { id } = await this.system.need('POST', '/api/v1/approvals', body, this.key('req'));
    return { id, title: typeof more['title'] === 'string' ? more['title'] : title };
  }

  read({ id }: Asked): Promise<Approval> {
    return this.system.need('GET', `/api/v1/approvals/${id}`);
  }

  becomes(asked: Asked, state: string): Promise<Approval> {
    return this.system.until(async () => {
      const approval = await this.read(asked);
      return approval.state === state && approval;
    }, `${asked.title} is ${state}`);
  }

  /** What counts, as `stage user decision`. */
  async counted(asked: Asked): Promise<string[]> {
    const { stages } = await this.read(asked);
    return stages.flatMap((stage) =>
      stage.decisions.map((decision) => `${stage.index} ${decision.user_id} ${decision.decision}`),
    );
  }

  /** The path of the newest link about the request that was mailed to an address. */
  link(address: string, asked: Asked, count = 1): Promise<string> {
    return this.system.until(async () => {
      const links = (await this.system.mails(address))
        .filter(({ text }) => text.includes(asked.title))
        .flatMap(({ text }) => /\/r\/[\w-]+/.exec(text)?.[0] ?? []);
      return links.length >= count && links[0];
    }, `${address} was mailed ${count} link(s) about ${asked.title}`);
  }

  /** The links mailed so far, newest first. */
  linkOf(user: string, asked: Asked, count = 1): Promise<string> {
    return this.link(`${user}@example.test`, asked, count);
  }

  /** The newest of so many codes for a decision on the request. */
  codeFor(user: string, asked: Asked, count = 1): Promise<string> {
    return this.system.until(async () => {
      const codes = await this.codes(user, asked);
      return codes.length >= count && codes[0];
    }, `${user} was mailed ${count} code(s) about ${asked.title}`);
  }

  /** All codes that were mailed, the newest first. */
  async codes(user: string, asked: Asked): Promise<string[]> {
    const mails = await this.system.mails(`${user}@example.test`);
    return mails
      .filter(({ text }) => text.includes(asked.title))
      .flatMap(({ text }) => /^Enter the code (\d{6}) /.exec(text)?.[1] ?? []);
  }

  /** The path of the newest sign-in link. */
  signInLink(address: string, count = 1): Promise<string> {
    return this.system.until(async () => {
      const links = (await this.system.mails(address)).flatMap(({ text }) => /\/sign-in\/[\w-]+/.exec(text)?.[0] ?? []);
      return links.length >= count && links[0];
    }, `${address} was mailed ${count} sign-in link(s)`);
  }

  /** What the database of the organization holds. */
  rows<Row extends object = object>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return this.system.core.work.read(DEFAULT_ORGANIZATION, (em) => em.execute<Row[]>(sql, params));
  }

  /** A visitor who has signed in with a mailed link. */
  async signedIn(user: string, count = 1): Promise<Visitor> {
    const visitor = this.visitor();
    const address = `${user}@example.test`;
    await visitor.submit('/sign-in', { email: address });
    await visitor.submit(await this.signInLink(address, count), {});
    return visitor;
  }
}

export interface Asked {
  readonly id: string;
  readonly title: string;
}

/** As much of the API's answer as is looked at here. */
interface Approval {
  readonly state: string;
  readonly decided_at: string | null;
  readonly stages: readonly {
    readonly index: number;
    readonly decisions: readonly { readonly user_id: string | null; readonly decision: string }[];
  }[];
}

function isList(stage: readonly string[] | Json): stage is readonly string[] {
  return Array.isArray(stage);
}
