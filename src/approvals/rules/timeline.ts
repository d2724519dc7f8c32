import { describeProblem } from './describe-problem.ts';
import type { ApprovalEvent } from './events.ts';
import type { Channel, DecisionKind, PersonId } from './model.ts';
import { describeOutcome } from './outcome.ts';
import { approvals, people } from './words.ts';

/** The types that a timeline shows. `created` and `mailed` are written where requests are stored and mails accepted. */
export type TimelineType =
  | 'created'
  | 'stage_opened'
  | 'mailed'
  | 'reminded'
  | 'decided'
  | 'late_decision'
  | 'escalated'
  | 'reassigned'
  | 'changes_requested'
  | 'resubmitted'
  | 'withdrawn'
  | 'expired'
  | 'approved'
  | 'rejected';

/** One line of a timeline. `detail` is ours, in words and numbers; `person` is set where the line is about one. */
export interface TimelineEntry {
  readonly type: TimelineType;
  readonly stage?: number;
  readonly person?: PersonId;
  readonly channel?: Channel;
  readonly detail: string;
}

/**
 * How an event is shown; null where another line already says it. Events whose type is not public become their nearest:
 *
 * | event | shown as |
 * |---|---|
 * | `asked`, `unasked`, `quorum_raised` | `reassigned`: who has to answer has changed |
 * | `stuck` | `stage_opened`: the stage that opened cannot be met |
 * | `stage_approved` by timeout | `decided` by the channel `system`: nobody did, the chain's rule did |
 * | `stage_approved` by quorum, `stage_rejected`, `stage_expired` | nothing: the decision or the outcome says it |
 * | `stage_skipped` | nothing: the stage itself shows it |
 */
export function timelineEntry(event: ApprovalEvent): TimelineEntry | null {
  switch (event.type) {
    case 'stage_opened':
      return {
        type: 'stage_opened',
        stage: event.stage,
        detail: `Asks ${people(event.candidates.length)}; needs ${approvals(event.required)}.`,
      };
    case 'stuck':
      return { type: 'stage_opened', stage: event.stage, detail: event.problems.map(describeProblem).join(' ') };
    case 'decided':
      return { ...deciding(event), detail: `${inWords(event)}.` };
    case 'late_decision':
      return { ...deciding(event), detail: `${inWords(event)}, after the request was closed: it does not count.` };
    case 'stage_approved':
      return event.by === 'quorum'
        ? null
        : { type: 'decided', stage: event.stage, channel: 'system', detail: BY_TIMEOUT };
    case 'asked':
      return {
        type: 'reassigned',
        ...about(event.stage, peopleIn(event)),
        detail: `Also asks ${people(event.candidates.length)}.`,
      };
    case 'unasked':
      return {
        type: 'reassigned',
        ...about(event.stage, event.people),
        detail: `No longer asks ${people(event.people.length)}.`,
      };
    case 'quorum_raised':
      return { type: 'reassigned', stage: event.stage, detail: `Now needs ${approvals(event.required)}.` };
    case 'reassigned':
      return {
        type: 'reassigned',
        ...about(event.stage, [event.to.person]),
        detail: `Asked instead of another approver${standingIn(event.to)}.`,
      };
    case 'escalated':
      return {
        type: 'escalated',
        ...about(event.stage, peopleIn(event)),
        detail: `Not answered in time: also asks ${people(event.candidates.length)}.`,
      };
    case 'reminded':
      return {
        type: 'reminded',
        ...about(event.stage, event.people),
        detail: `Reminded ${people(event.people.length)}.`,
      };
    case 'changes_requested':
      return {
        type: 'changes_requested',
        ...about(event.stage, [event.person]),
        detail: 'Waits for the requester’s changes.',
      };
    case 'resubmitted':
      return {
        type: 'resubmitted',
        detail: event.material ? askedAgain(event.revision) : 'Only words have changed: approvals stay.',
      };
    case 'approved':
    case 'rejected':
    case 'withdrawn':
    case 'expired':
      return { type: event.type, detail: describeOutcome(event.reason) };
    case 'stage_skipped':
    case 'stage_rejected':
    case 'stage_expired':
      return null;
  }
}

type DecisionEvent = Extract<ApprovalEvent, { type: 'decided' | 'late_decision' }>;

const DECIDED: Readonly<Record<DecisionKind, string>> = {
  approve: 'Approved',
  reject: 'Rejected',
  request_changes: 'Asked for changes',
};
const BY_TIMEOUT = 'Approved by the chain’s rule for a timeout: nobody answered in time.';

function deciding({ type, stage, person, channel }: DecisionEvent): Omit<TimelineEntry, 'detail'> {
  return { type, stage, person, channel };
}

function inWords(event: DecisionEvent): string {
  return `${DECIDED[event.decision]}${standingIn(event)}`;
}

function standingIn({ onBehalfOf }: { readonly onBehalfOf: PersonId | null }): string {
  return onBehalfOf === null ? '' : ' in place of somebody who is absent';
}

function askedAgain(revision: number): string {
  return `Something approvers agree to has changed: revision ${revision} is asked from the start.`;
}

function peopleIn({ candidates }: Extract<ApprovalEvent, { type: 'asked' | 'escalated' }>): readonly PersonId[] {
  return candidates.map((candidate) => candidate.person);
}

/** A line can name one person; of several it gives the number. */
function about(stage: number, persons: readonly PersonId[]): { readonly stage: number; readonly person?: PersonId } {
  const [person] = persons;
  return persons.length === 1 && person !== undefined ? { stage, person } : { stage };
}
