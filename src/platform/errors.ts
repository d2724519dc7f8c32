/** What can go wrong and is somebody's to know: each code has one HTTP problem (`http/problems.ts`) and one Temporal failure. */
export const PROBLEM_CODES = [
  'invalid-request',
  'unauthenticated',
  'forbidden',
  'not-found',
  'not-an-approver',
  'separation-of-duties',
  'approval-closed',
  'already-decided',
  'already-exists',
  'stale-revision',
  'idempotency-conflict',
  'budget-exceeded',
  'budget-suspended',
  'legal-hold',
  'precondition-failed',
  'payload-too-large',
  'rate-limited',
  'unavailable',
  'method-not-allowed',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** One thing that is wrong with a request: where it stands, and what to do. */
export interface FieldError {
  /** Dotted path into the body, or `query.limit`, `header.if-match`; empty for the request as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Members of a problem besides `type`, `title`, `status` and `detail`. Never personal data, unless the caller sent it. */
export interface ProblemExtension {
  readonly errors?: readonly FieldError[];
  readonly state?: string;
  readonly retryAfterSeconds?: number;
  readonly [member: string]: unknown;
}

/** A request that cannot be carried out, for a reason that the caller is told. Anything else that is thrown is a defect. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly extension: ProblemExtension;
  /** The transaction that led to it has told the audit log. */
  isOnRecord = false;

  constructor(code: ProblemCode, detail: string, extension: ProblemExtension = {}, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'ProblemError';
    this.code = code;
    this.extension = extension;
  }
}

/** Marks a problem as one that the audit log knows of. */
export function onRecord(problem: ProblemError): ProblemError {
  problem.isOnRecord = true;
  return problem;
}

export class InvalidRequest extends ProblemError {
  constructor(errors: readonly FieldError[]) {
    super(
      'invalid-request',
      errors.map((error) => (error.path ? `${error.path}: ${error.message}` : error.message)).join('; '),
      { errors },
    );
    this.name = 'InvalidRequest';
  }
}

export class NotFound extends ProblemError {
  /**
   * @param what the kind of thing, e.g. `team`
   * @param path where the body names it; unset: the address does
   */
  constructor(what: string, path?: string) {
    const errors =
      path === undefined ? {} : { errors: [{ path, message: `there is no such ${what} in your organization` }] };
    super('not-found', `There is no such ${what} in your organization.`, errors);
    this.name = 'NotFound';
  }
}

export class Forbidden extends ProblemError {
  constructor(detail: string) {
    super('forbidden', detail);
    this.name = 'Forbidden';
  }
}

/** Something that Countersign needs does not answer. What was accepted goes on by itself once it does. */
export class Unavailable extends ProblemError {
  constructor(what: string, options?: ErrorOptions) {
    super(
      'unavailable',
      `${what} does not answer at the moment. Try again with the same Idempotency-Key: nothing is done twice.`,
      { retryAfterSeconds: 5 },
      options,
    );
    this.name = 'Unavailable';
  }
}
