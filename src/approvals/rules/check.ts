// The workflow's synchronous validators import this file by itself: keep it free of imports that run.
import type { ApprovalStateName, DecisionKind, PersonId } from './model.ts';

/** What is needed to say whether a decision may be taken: opaque ids only, plain JSON, small enough to live in a workflow. */
export interface ControlSnapshot {
  readonly state: ApprovalStateName;
  readonly revision: number;
  /** Nothing changes the request any more. False while changes are requested. */
  readonly closed: boolean;
  /** While pending: whom the open stage asks. Otherwise: everybody whom any stage of this revision asked. */
  readonly asked: readonly PersonId[];
  /** The decisions that count in this revision. */
  readonly decided: Readonly<Record<PersonId, DecisionKind>>;
  readonly requester: PersonId | null;
  readonly creator: PersonId | null;
  /** Left out where there is none. */
  readonly beneficiary?: PersonId;
}

/** A decision as it arrives; `revision` is the one that the person saw, where the channel knows it. */
export interface DecisionAttempt {
  readonly person: PersonId;
  readonly decision: DecisionKind;
  readonly revision?: number | undefined;
}

export type DecisionRefusal =
  | 'already-decided'
  | 'separation-of-duties'
  | 'stale-revision'
  | 'approval-closed'
  | 'not-an-approver';

/**
 * Whether a decision may be taken now. `repeat`: the person decided the same before, which is answered like the first time
 * and counts once. The order of the questions is part of the contract: whoever decided is told so before anything else.
 */
export function checkDecision(
  snapshot: ControlSnapshot,
  attempt: DecisionAttempt,
): 'accept' | 'repeat' | DecisionRefusal {
  const { person, decision, revision } = attempt;
  // `in` would find what every object inherits.
  if (Object.hasOwn(snapshot.decided, person))
    return snapshot.decided[person] === decision ? 'repeat' : 'already-decided';
  if (person === snapshot.requester || person === snapshot.creator || person === snapshot.beneficiary)
    return 'separation-of-duties';
  if (revision !== undefined && revision !== snapshot.revision) return 'stale-revision';
  if (!snapshot.asked.includes(person)) return 'not-an-approver';
  return snapshot.closed || snapshot.state !== 'pending' ? 'approval-closed' : 'accept';
}
