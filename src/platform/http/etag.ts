import { ProblemError } from '../errors.ts';

/** Strong entity tag of a stored version (RFC 9110, 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/** Whether a header of entity tags names this version, or any (`*`). */
export function namesVersion(header: string, version: number): boolean {
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etagOf(version));
}

/** @throws ProblemError `precondition-failed` where the caller wants to change another version than the stored one */
export function checkIfMatch(ifMatch: string | null, version: number): void {
  if (ifMatch !== null && !namesVersion(ifMatch, version)) {
    throw new ProblemError('precondition-failed', `The stored version is ${etagOf(version)}.`);
  }
}
