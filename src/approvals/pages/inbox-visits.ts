import { LockMode } from '@mikro-orm/core';
import type { Clock } from '../../platform/clock.ts';
import { LostRace } from '../../platform/database/failures.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { organizationById, type Profiles, type SignedIn } from '../../tenancy/service.ts';
import { AskRow, IntentRow } from '../entities.ts';
import { openSeat, type Seat } from '../link-standing.ts';
import type { ApprovalQueries, TimelineLine } from '../queries.ts';
import { type ReasonReads, showsReasons } from '../reason-reads.ts';
import { isDecisionRecorded } from '../recorded-decision.ts';
import { refusalProblem } from '../refusals.ts';
import type { CodeState, StepUp } from '../step-up.ts';
import type { ApprovalView } from '../view.ts';

/** A request as somebody who is signed in finds it. */
export interface InboxVisit {
  readonly signedIn: SignedIn;
  readonly view: ApprovalView;
  readonly timeline: { readonly lines: readonly TimelineLine[]; readonly profiles: Profiles };
  /** Where it waits for them; null where it does not. */
  readonly seat: Seat | null;
  /** They have decided, and it waits to be carried out. */
  readonly isRecorded: boolean;
  /** null where no code is needed. */
  readonly code: CodeState | null;
  readonly at: Date;
}

/** Reads requests for people who are signed in. */
export class InboxVisits {
  readonly #work: UnitOfWork;
  readonly #queries: ApprovalQueries;
  readonly #stepUp: StepUp;
  readonly #clock: Clock;
  readonly #reasonReads: ReasonReads;

  constructor(parts: {
    work: UnitOfWork;
    queries: ApprovalQueries;
    stepUp: StepUp;
    clock: Clock;
    reasonReads: ReasonReads;
  }) {
    this.#work = parts.work;
    this.#queries = parts.queries;
    this.#stepUp = parts.stepUp;
    this.#clock = parts.clock;
    this.#reasonReads = parts.reasonReads;
  }

  /** @throws NotFound, Forbidden where it does not concern them */
  async visit(signedIn: SignedIn, origin: Origin, id: string): Promise<InboxVisit> {
    const { caller, person, session } = signedIn;
    const view = await this.#queries.get(caller, id);
    const timeline = await this.#queries.timeline(caller, id);
    if (showsReasons(view) || timeline.lines.some((line) => line.comment !== null))
      await this.#reasonReads.note(caller, origin, [view.stored]);
    const at = this.#clock.now();
    return this.#work.read(caller.organization, async (em) => {
      const { settings } = await organizationById(em, caller.organization);
      const code = await this.#stepUp.stateOf(em, settings, view.stored.row, { person, door: session }, at);
      return {
        signedIn,
        view,
        timeline,
        seat: openSeat(view.stored.approval, person),
        isRecorded: await isDecisionRecorded(em, id, person),
        code,
        at,
      };
    });
  }
}

/**
 * Has decisions of one person on one request recorded one after the other.
 * @throws LostRace where the same form was recorded meanwhile: run again, the transaction finds it
 * @throws ProblemError `not-an-approver` where it no longer waits for them
 */
export async function lockSeat(
  tx: Transaction,
  asked: { approval: string; person: string },
  intent: string,
): Promise<void> {
  const ask = await tx.em.findOne(AskRow, { ...asked, pending: true }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if ((await tx.em.count(IntentRow, { id: intent })) > 0)
    throw new LostRace('the same form was sent twice at this moment');
  if (!ask) throw refusalProblem('not-an-approver', 'pending');
}
