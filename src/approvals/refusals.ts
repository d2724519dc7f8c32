import { InvalidRequest, ProblemError } from '../platform/errors.ts';
import type { ApprovalStateName } from './rules.ts';

/** The one map from what the rules refuse to what the caller is told. */
export function refusalProblem(refusal: string, state: ApprovalStateName): ProblemError {
  switch (refusal) {
    case 'approval-closed':
      return new ProblemError('approval-closed', state === 'changes_requested' ? 'The request waits for changes by the requester.' : `The request is ${state} already.`, { state });
    case 'already-decided':
      return new ProblemError('already-decided', 'You have decided otherwise on this request before.', { state });
    case 'separation-of-duties':
      return new ProblemError('separation-of-duties', 'Neither the requester nor whoever made the request may decide on it.');
    case 'stale-revision':
      return new ProblemError('stale-revision', 'The request was changed since the revision you decided on.');
    case 'not-an-approver':
      return new ProblemError('not-an-approver', 'You are not asked in the open stage of this request.');
    case 'not-asked':
      return new InvalidRequest([{ path: 'from_user_id', message: 'is not asked in the open stage, or has decided already' }]);
    case 'already-asked':
      return new InvalidRequest([{ path: 'to_user_id', message: 'is asked already' }]);
    case 'not-available':
      return new InvalidRequest([{ path: 'to_user_id', message: 'cannot decide on this request: they asked for it, made it, have decided already, or are absent without a delegate' }]);
    case 'stage-not-open':
      return new InvalidRequest([{ path: 'stage', message: 'is not open' }]);
    case 'nothing-changed':
      return new InvalidRequest([{ path: '', message: 'nothing would change' }]);
    default:
      return new InvalidRequest([{ path: '', message: 'the request cannot take this at the moment' }]);
  }
}
