import { PROBLEM_CODES, type ProblemCode, type ProblemError } from '../errors.ts';

interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** Both shown at `/problems/<code>`. */
  readonly meaning: string;
  readonly remedy: string;
}

/** The one map from what went wrong to what the caller is answered (RFC 9457). */
export const PROBLEM_TYPES: Readonly<Record<ProblemCode, ProblemType>> = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    meaning:
      'Something in the request is missing, unknown or out of bounds. `errors` names each place and what is wrong there. Nothing was changed.',
    remedy: 'Correct the request and send it again.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid key',
    meaning: 'The request carries no API key, or one that is unknown, expired or revoked.',
    remedy: 'Send a live key: `Authorization: Bearer <key>`.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    meaning: 'The key is valid, but its scopes, or the roles of the person it belongs to, do not allow this.',
    remedy: 'Use another key, or ask an admin of the team or organization.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    meaning: 'There is nothing here, or it belongs to another organization.',
    remedy: 'Check the id, and that the key belongs to the right organization.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    meaning: 'This address exists, but not with this method.',
    remedy: 'Use one of the methods that the `Allow` header lists.',
  },
  'not-an-approver': {
    status: 403,
    title: 'Not an approver',
    meaning: 'Only people who are asked in the open stage can decide.',
    remedy: '`GET /api/v1/approvals/{id}` lists them under `stages`. An admin can reassign.',
  },
  'separation-of-duties': {
    status: 403,
    title: 'Separation of duties',
    meaning: 'Neither the requester nor whoever made the request may decide on it, not even through a delegate.',
    remedy: 'Let another approver decide, or have an admin reassign.',
  },
  'approval-closed': {
    status: 409,
    title: 'The approval takes no decision any more',
    meaning:
      'The request is closed or waits for changes; `state` says which. A decision that came late is kept in the timeline and changes nothing.',
    remedy:
      'Read the request. If it waits for changes, its requester can resubmit it; if it is closed, ask for a new one.',
  },
  'already-decided': {
    status: 409,
    title: 'Already decided',
    meaning: 'You have decided otherwise on this request before, and one person counts once.',
    remedy: 'To change a decision, ask the requester to resubmit.',
  },
  'already-exists': {
    status: 409,
    title: 'Already exists',
    meaning: 'There is something with this id or address already.',
    remedy: 'Choose another one, or change what there is.',
  },
  'stale-revision': {
    status: 409,
    title: 'The request has changed since',
    meaning: 'You decided on an earlier revision.',
    remedy: 'Read the request again, then decide with its current `revision`.',
  },
  'idempotency-conflict': {
    status: 409,
    title: 'Idempotency key in use for another request',
    meaning:
      'The same `Idempotency-Key` was sent before with another body, or its first request is still being carried out.',
    remedy:
      'Use a new key for a new request. Where the first one is still under way, repeat it after `Retry-After` seconds.',
  },
  'budget-exceeded': {
    status: 402,
    title: 'Budget exceeded',
    meaning: 'The amount does not fit into what is left of a budget. The problem names the budget.',
    remedy: 'Ask for less, or have the budget raised.',
  },
  'budget-suspended': {
    status: 402,
    title: 'Budget suspended',
    meaning:
      'The amount does not fit into what is left of a budget that suspends spending once it is used up. The problem names the budget, and says whether anything is left.',
    remedy:
      'Ask for less where something is left. Where the budget is used up, have it raised or overridden, or wait for its next period.',
  },
  'legal-hold': {
    status: 409,
    title: 'Legal hold',
    meaning: 'Data about this subject must be kept for now.',
    remedy: 'Release the hold first.',
  },
  'precondition-failed': {
    status: 412,
    title: 'Changed by somebody else',
    meaning: 'The stored version is not the one in `If-Match`.',
    remedy: 'Read it again, then repeat the change.',
  },
  'payload-too-large': {
    status: 413,
    title: 'Payload too large',
    meaning: 'The body is larger than this endpoint takes.',
    remedy: 'Send less at a time.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    meaning: 'This key has sent more requests than allowed.',
    remedy: 'Wait: `Retry-After` says in how many seconds there is room again.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    meaning:
      'The database or the workflow service does not answer at the moment. What was accepted before goes on by itself.',
    remedy: 'Repeat the request with the same `Idempotency-Key`: nothing is done twice.',
  },
};

/** Reads a code, as it stands at the end of a problem's `type`; null where there is no such problem. */
export function problemCode(text: string): ProblemCode | null {
  return PROBLEM_CODES.find((code) => code === text) ?? null;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly [member: string]: unknown;
}

/** The RFC 9457 body of a problem. */
export function problemBody(error: ProblemError, requestId: string): ProblemBody {
  const { retryAfterSeconds: _, ...members } = error.extension;
  const { status, title } = PROBLEM_TYPES[error.code];
  return { type: `/problems/${error.code}`, title, status, detail: error.message, ...members, request_id: requestId };
}
