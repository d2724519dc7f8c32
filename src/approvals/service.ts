import type { Notifier } from '../platform/database/notifier.ts';
import { addDuration, parseDuration } from '../platform/duration.ts';
import { ProblemError } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { namesVersion } from '../platform/http/etag.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import type { People } from '../tenancy/service.ts';
import type { ApprovalCommands, DecisionInput } from './commands.ts';
import type { ApprovalCreation } from './creation.ts';
import { presentPreview } from './present-preview.ts';
import type { ApprovalQueries } from './queries.ts';
import { type ReasonReads, showsReasons } from './reason-reads.ts';
import { isClosed } from './rules.ts';
import type { NewApprovalBody } from './schemas.ts';
import type { ApprovalStarter } from './starter.ts';
import type { ApprovalView } from './view.ts';

export { ServiceRequests } from './service-requests.ts';

const LONGEST_WAIT_MS = 30_000;

/** What callers can do with approvals; the rooms behind it do the work. */
export class ApprovalService {
  readonly commands: ApprovalCommands;
  readonly queries: ApprovalQueries;
  readonly #creation: ApprovalCreation;
  readonly #starter: ApprovalStarter;
  readonly #notifier: Notifier;
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #reasonReads: ReasonReads;

  constructor(parts: {
    commands: ApprovalCommands;
    queries: ApprovalQueries;
    creation: ApprovalCreation;
    starter: ApprovalStarter;
    notifier: Notifier;
    work: UnitOfWork;
    people: People;
    reasonReads: ReasonReads;
  }) {
    this.commands = parts.commands;
    this.queries = parts.queries;
    this.#creation = parts.creation;
    this.#starter = parts.starter;
    this.#notifier = parts.notifier;
    this.#work = parts.work;
    this.#people = parts.people;
    this.#reasonReads = parts.reasonReads;
  }

  async create(
    caller: Caller,
    origin: Origin,
    id: string,
    body: NewApprovalBody,
    repeated: boolean,
  ): Promise<ApprovalView> {
    // Asked first: a request that no workflow holds would take no decisions, which is what 201 promises.
    await this.#starter.available();
    const control = await this.#creation.create(caller, origin, id, body, repeated);
    if (control && !control.snapshot.closed) await this.#starter.start(caller.organization, id, control);
    return this.queries.view(caller.organization, id);
  }

  async preview(caller: Caller, origin: Origin, body: NewApprovalBody) {
    return this.#work.rehearse(origin, async (tx) => {
      const prepared = await this.#creation.prepare(tx, caller, body);
      return presentPreview(tx, this.#people, prepared, body);
    });
  }

  /** @throws ProblemError the refusal, where the decision was not taken */
  async decide(
    caller: Caller,
    origin: Origin,
    id: string,
    input: DecisionInput,
    operation: string,
  ): Promise<ApprovalView> {
    if (caller.person === null) {
      await this.queries.get(caller, id);
      throw new ProblemError(
        'not-an-approver',
        'Only a person’s key can decide; this one belongs to a service or to the organization’s owner.',
      );
    }
    await this.commands.decide(origin, id, caller.person, input, 'api', operation);
    return this.queries.view(caller.organization, id);
  }

  /** Reads a request; with `wait`, as soon as it is no longer the version that the caller has, or is closed. */
  async read(
    caller: Caller,
    id: string,
    options: { wait: string | null; ifNoneMatch: string | null; signal: AbortSignal },
  ): Promise<ApprovalView> {
    const until = options.wait === null ? 0 : performance.now() + waitMs(options.wait);
    for (let seen: string | null = options.ifNoneMatch; ;) {
      // Listening begins before reading, or a change between the two would be missed.
      const remaining = until - performance.now();
      const heard = new AbortController();
      const change =
        remaining > 0
          ? this.#notifier.wait(id, remaining, AbortSignal.any([heard.signal, options.signal]))
          : Promise.resolve(false);
      try {
        const view = await this.queries.get(caller, id);
        seen ??= `"${view.stored.row.version}"`;
        if (remaining <= 0 || isClosed(view.stored.row.state) || !namesVersion(seen, view.stored.row.version))
          return view;
        if (!(await change)) return view;
      } finally {
        heard.abort();
      }
    }
  }

  /** Requests that are about to be shown: whose reasons somebody sees goes on record. */
  async noteShown(caller: Caller, origin: Origin, views: readonly ApprovalView[]): Promise<void> {
    await this.#reasonReads.note(
      caller,
      origin,
      views.filter(showsReasons).map((view) => view.stored),
    );
  }

  async timeline(caller: Caller, origin: Origin, id: string) {
    const { stored, lines, profiles } = await this.queries.timeline(caller, id);
    if (lines.some((line) => line.comment !== null)) await this.#reasonReads.note(caller, origin, [stored]);
    return {
      items: lines.map(({ row, comment }) => ({
        at: row.at.toISOString(),
        type: row.type,
        ...(row.stage == null ? {} : { stage: row.stage }),
        ...(row.person ? { user_id: profiles.of(row.person).alias } : {}),
        ...(row.channel ? { channel: row.channel } : {}),
        detail: comment ? `${row.detail} ${comment}` : row.detail,
      })),
    };
  }
}

function waitMs(text: string): number {
  return Math.min(LONGEST_WAIT_MS, addDuration(new Date(0), parseDuration(text)).getTime());
}
