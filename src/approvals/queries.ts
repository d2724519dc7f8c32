import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../platform/clock.ts';
import type { Caller } from '../platform/http/caller.ts';
import { decodeCursor, encodeCursor, type Page } from '../platform/http/pagination.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { type People, type Profiles, teamByAlias } from '../tenancy/service.ts';
import { demandSight, sight } from './access.ts';
import { textPlace } from './details.ts';
import { IntentRow, TimelineRow } from './entities.ts';
import { askedEver, type Condition, EVERYWHERE, findNewest, type Search, sourcesWithin, waitingFor } from './search.ts';
import { readApproval, readApprovals, type StoredApproval } from './store.ts';
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
    return this.#work.read(organization, async (em) =>
      this.#open(em, organization, await readApproval(em, organization, id)),
    );
  }

  /** Newest first. */
  async list(caller: Caller, filter: ApprovalFilter): Promise<Page<ApprovalView>> {
    return this.#work.read(caller.organization, async (em) => {
      const search = await this.#search(em, caller, filter);
      return search === null ? { items: [], next_cursor: null } : this.#page(em, caller.organization, search, filter);
    });
  }

  /** What waits for a person. */
  async inbox(
    organization: string,
    person: string,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<Page<ApprovalView>> {
    return this.#work.read(organization, (em) =>
      this.#page(em, organization, { conditions: [waitingFor(person)], sources: [EVERYWHERE] }, page),
    );
  }

  async timeline(
    caller: Caller,
    id: string,
  ): Promise<{ stored: StoredApproval; lines: TimelineLine[]; profiles: Profiles }> {
    return this.#work.read(caller.organization, async (em) => {
      const stored = await readApproval(em, caller.organization, id);
      await demandSight(em, caller, stored);
      const rows = await em.find(TimelineRow, { approval: id }, { orderBy: { at: 'asc', seq: 'asc', id: 'asc' } });
      const intents = await em.find(IntentRow, { approval: id, id: { $in: rows.flatMap((row) => row.intent ?? []) } });
      const keys = await this.#work.vault.unlockFor(
        em,
        caller.organization,
        intents.map((intent) => intent.text),
      );
      const words = new Map(intents.map((intent) => [intent.id, keys.open(intent.text, textPlace(intent.id))]));
      const profiles = await this.#people.profiles(
        em,
        caller.organization,
        rows.flatMap((row) => (row.person ? [row.person] : [])),
      );
      return {
        stored,
        lines: rows.map((row) => ({ row, comment: (row.intent && words.get(row.intent)) || null })),
        profiles,
      };
    });
  }

  async #open(
    em: EntityManager,
    organization: string,
    stored: Awaited<ReturnType<typeof readApproval>>,
  ): Promise<ApprovalView> {
    const [view] = await this.#views.open(em, organization, [stored], this.#clock.now());
    return view!;
  }

  async #page(
    em: EntityManager,
    organization: string,
    search: Search,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<Page<ApprovalView>> {
    const found = await findNewest(em, organization, {
      ...search,
      after: decodeCursor(page.cursor),
      atMost: page.limit + 1,
    });
    const ids = found.slice(0, page.limit);
    const last = ids.at(-1);
    const views = await this.#views.open(
      em,
      organization,
      await readApprovals(em, organization, ids),
      this.#clock.now(),
    );
    return { items: views, next_cursor: found.length > page.limit && last ? encodeCursor(last) : null };
  }

  /** @returns null where somebody is named who does not exist: nothing can match */
  async #search(em: EntityManager, caller: Caller, filter: ApprovalFilter): Promise<Search | null> {
    const { organization } = caller;
    const conditions: Condition[] = [];
    if (filter.state) conditions.push({ sql: 'a.state = ?', params: [filter.state] });
    if (filter.team_id)
      conditions.push({ sql: 'a.team_id = ?', params: [(await teamByAlias(em, organization, filter.team_id)).id] });
    if (filter.requester_id) {
      const requester = await this.#people.byAlias(em, organization, filter.requester_id);
      if (!requester) return null;
      conditions.push({ sql: 'a.requester_id = ?', params: [requester.id] });
    }
    const approver = filter.approver_id ? await this.#people.byAlias(em, organization, filter.approver_id) : null;
    if (filter.approver_id && !approver) return null;
    if (approver) conditions.push(filter.state === 'pending' ? waitingFor(approver.id) : askedEver(approver.id));
    // Whoever is asked sees the request: nothing is left to find out.
    const seen = approver && approver.id === caller.person ? null : await sight(em, caller);
    return { conditions, sources: seen ? sourcesWithin(seen) : [EVERYWHERE] };
  }
}
