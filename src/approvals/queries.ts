import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../platform/clock.ts';
import type { Caller } from '../platform/http/caller.ts';
import { decodeCursor, encodeCursor, type Page } from '../platform/http/pagination.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { type People, type Profiles, teamByAlias } from '../tenancy/service.ts';
import { demandSight, sight } from './access.ts';
import { textPlace } from './details.ts';
import { IntentRow, TimelineRow } from './entities.ts';
import { readApproval, readApprovals } from './store.ts';
import type { ApprovalView, ApprovalViews } from './view.ts';

export interface ApprovalFilter {
  readonly state?: string | undefined;
  readonly team_id?: string | undefined;
  readonly approver_id?: string | undefined;
  readonly requester_id?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface TimelineLine {
  readonly row: TimelineRow;
  readonly comment: string | null;
}

/** Everything that reads requests. */
export class ApprovalQueries {
  readonly #work: UnitOfWork;
  readonly #views: ApprovalViews;
  readonly #people: People;
  readonly #clock: Clock;

  constructor(parts: { work: UnitOfWork; views: ApprovalViews; people: People; clock: Clock }) {
    this.#work = parts.work;
    this.#views = parts.views;
    this.#people = parts.people;
    this.#clock = parts.clock;
  }

  /** @throws NotFound, Forbidden */
  async get(caller: Caller, id: string): Promise<ApprovalView> {
    return this.#work.read(caller.organization, async (em) => {
      const stored = await readApproval(em, caller.organization, id);
      await demandSight(em, caller, stored);
      return this.#open(em, caller.organization, stored);
    });
  }

  /** A request for somebody whose right to see it was found out otherwise (a mailed link, the inbox). */
  async view(organization: string, id: string): Promise<ApprovalView> {
    return this.#work.read(organization, async (em) => this.#open(em, organization, await readApproval(em, organization, id)));
  }

  /** Newest first. */
  async list(caller: Caller, filter: ApprovalFilter): Promise<Page<ApprovalView>> {
    return this.#work.read(caller.organization, async (em) => {
      const where = await this.#conditions(em, caller, filter);
      return where === null ? { items: [], next_cursor: null } : this.#page(em, caller.organization, where, filter);
    });
  }

  /** What waits for a person. */
  async inbox(organization: string, person: string, page: { limit: number; cursor?: string | undefined }): Promise<Page<ApprovalView>> {
    return this.#work.read(organization, (em) => this.#page(em, organization, [waitingFor(person)], page));
  }

  async timeline(caller: Caller, id: string): Promise<{ lines: TimelineLine[]; profiles: Profiles }> {
    return this.#work.read(caller.organization, async (em) => {
      await demandSight(em, caller, await readApproval(em, caller.organization, id));
      const rows = await em.find(TimelineRow, { approval: id }, { orderBy: { at: 'asc', seq: 'asc', id: 'asc' } });
      const intents = await em.find(IntentRow, { approval: id, id: { $in: rows.flatMap((row) => row.intent ?? []) } });
      const keys = await this.#work.vault.unlockFor(em, caller.organization, intents.map((intent) => intent.text));
      const words = new Map(intents.map((intent) => [intent.id, keys.open(intent.text, textPlace(intent.id))]));
      const profiles = await this.#people.profiles(em, caller.organization, rows.flatMap((row) => (row.person ? [row.person] : [])));
      return { lines: rows.map((row) => ({ row, comment: (row.intent && words.get(row.intent)) || null })), profiles };
    });
  }

  async #open(em: EntityManager, organization: string, stored: Awaited<ReturnType<typeof readApproval>>): Promise<ApprovalView> {
    const [view] = await this.#views.open(em, organization, [stored], this.#clock.now());
    return view!;
  }

  async #page(em: EntityManager, organization: string, where: readonly Condition[], page: { limit: number; cursor?: string | undefined }): Promise<Page<ApprovalView>> {
    const after = decodeCursor(page.cursor);
    const all = [...where, ...(after ? [{ sql: 'a.id < ?', params: [after] }] : [])];
    const conditions = ['a.organization_id = ?', ...all.map((condition) => condition.sql)].join(' and ');
    const rows = await em.execute<{ id: string }[]>(`select a.id from countersign.approvals a where ${conditions} order by a.id desc limit ?`, [organization, ...all.flatMap((condition) => condition.params), page.limit + 1]);
    const ids = rows.slice(0, page.limit).map((row) => row.id);
    const last = ids.at(-1);
    const views = await this.#views.open(em, organization, await readApprovals(em, organization, ids), this.#clock.now());
    return { items: views, next_cursor: rows.length > page.limit && last ? encodeCursor(last) : null };
  }

  /** @returns null where somebody is named who does not exist: nothing can match */
  async #conditions(em: EntityManager, caller: Caller, filter: ApprovalFilter): Promise<Condition[] | null> {
    const { organization } = caller;
    const conditions: Condition[] = [];
    const seen = await sight(em, caller);
    if (seen) conditions.push(withinSight(seen));
    if (filter.state) conditions.push({ sql: 'a.state = ?', params: [filter.state] });
    if (filter.team_id) conditions.push({ sql: 'a.team_id = ?', params: [(await teamByAlias(em, organization, filter.team_id)).id] });
    if (filter.requester_id) {
      const requester = await this.#people.byAlias(em, organization, filter.requester_id);
      if (!requester) return null;
      conditions.push({ sql: 'a.requester_id = ?', params: [requester.id] });
    }
    if (filter.approver_id) {
      const approver = await this.#people.byAlias(em, organization, filter.approver_id);
      if (!approver) return null;
      conditions.push(filter.state === 'pending' ? waitingFor(approver.id) : askedEver(approver.id));
    }
    return conditions;
  }
}

interface Condition {
  readonly sql: string;
  readonly params: readonly unknown[];
}

function withinSight({ teams, person, key }: { teams: string[]; person: string | null; key: string }): Condition {
  return {
    sql: '(a.team_id = any(?::uuid[]) or a.creator_key_id = ? or a.requester_id = ? or a.creator_id = ? or exists (select from countersign.approval_asks k where k.approval_id = a.id and (k.person_id = ? or k.on_behalf_of = ?)))',
    params: [`{${teams.join(',')}}`, key, person, person, person, person],
  };
}

function waitingFor(person: string): Condition {
  return { sql: 'exists (select from countersign.approval_asks k where k.approval_id = a.id and k.person_id = ? and k.pending)', params: [person] };
}

function askedEver(person: string): Condition {
  return { sql: 'exists (select from countersign.approval_asks k where k.approval_id = a.id and k.person_id = ?)', params: [person] };
}
