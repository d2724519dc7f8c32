import { InvalidRequest, ProblemError } from '../platform/errors.ts';
import type { ApprovalStateName, Refusal } from './rules.ts';

/** What is refused besides what the rules refuse: nobody can read any more what the request says. */
type KnownRefusal = Refusal | 'requester-erased';

/** What the caller is told: what is the matter, and what to do. */
const PROBLEMS: Readonly<Record<KnownRefusal, (state: ApprovalStateName) => ProblemError>> = {
  'approval-closed': (state) =>
    new ProblemError(
      'approval-closed',
      state === 'changes_requested'
        ? 'The request waits for changes by the requester. Try again when they have resubmitted it.'
        : `The request is ${state} already, and stays so. Make a new request where something else is wanted.`,
      { state },
    ),
  'already-decided': (state) =>
    new ProblemError(
      'already-decided',
      'You have decided otherwise on this request before, and that stays. Everybody is asked again once its amount, context or chain is changed.',
      { state },
    ),
  'separation-of-duties': () =>
    new ProblemError(
      'separation-of-duties',
      'Neither the requester nor whoever made the request may decide on it: somebody else has to.',
    ),
  'stale-revision': () =>
    new ProblemError(
      'stale-revision',
      'The request was changed since you looked at it. Read it again, and go by what it says now.',
    ),
  'not-an-approver': () =>
    new ProblemError(
      'not-an-approver',
      'You are not asked in the open stage of this request. Its `stages` say who is; an admin of its team can reassign it to you.',
    ),
  'not-asked': () =>
    invalid(
      'from_user_id',
      'is not asked in the open stage, or has decided already: name somebody who is, a guest in `from_email`',
    ),
  'already-asked': () => invalid('to_user_id', 'is asked already, or has decided: name somebody else'),
  'not-available': () =>
    invalid(
      'to_user_id',
      'cannot decide on this request, since they were removed, or are absent and nobody may stand in: name somebody else',
    ),
  'stage-not-open': () => invalid('stage', 'is not open: read the request again'),
  'nothing-changed': () =>
    invalid('', 'nothing would change: send a title, description, amount, context or chain that is another'),
  'requester-erased': () =>
    invalid(
      '',
      'the requester was erased, and with them what the request says, so that it cannot be changed: withdraw it, and make a new one',
    ),
};

/**
 * The one map from what is refused to what the caller is told.
 * @param refusal as it was recorded, perhaps by a later version
 * @param state the request's, at this moment
 */
export function refusalProblem(refusal: string, state: ApprovalStateName): ProblemError {
  return isKnown(refusal)
    ? PROBLEMS[refusal](state)
    : invalid('', 'the request cannot take this at the moment: read it again');
}

function isKnown(refusal: string): refusal is KnownRefusal {
  return Object.hasOwn(PROBLEMS, refusal);
}

function invalid(path: string, message: string): InvalidRequest {
  return new InvalidRequest([{ path, message }]);
}
