import type { FieldError, ProblemCode } from '../platform/errors.ts';
import { PROBLEM_TYPES } from '../platform/http/problems.ts';

/** Why an event was not booked: the code of a problem (`http/problems.ts`), and what is wrong where. */
export class Rejection {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];

  /** @param errors at least one; paths are those inside the event */
  constructor(code: ProblemCode, errors: readonly FieldError[]) {
    this.code = code;
    this.errors = errors;
  }
}

/** Something in the event is not as it has to be. */
export function invalid(path: string, message: string): Rejection {
  return new Rejection('invalid-request', [{ path, message }]);
}

/** As the problem of a request is written (RFC 9457). */
export function presentRejection({ code, errors }: Rejection) {
  const { title, status } = PROBLEM_TYPES[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail: errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '),
    errors: [...errors],
  };
}
