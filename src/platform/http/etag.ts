import type { Request } from 'express';
import { ProblemError } from '../errors.ts';

/**
 * What a route does with entity tags: `read` gives one and answers 304 to whoever has it; `wait` does so itself, in its own time;
 * `guard` gives one for `If-Match` alone, since what it shows changes without its version, and a 304 would hide that; `write`
 * takes `If-Match`.
 */
export type EtagUse = 'read' | 'wait' | 'guard' | 'write';

/** Whether a route may answer that nothing has changed. */
export function mayAnswerUnchanged(use: EtagUse | undefined): boolean {
  return use === 'read' || use === 'wait';
}

/** Strong entity tag of a stored version (RFC 9110, 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/** Whether a header of entity tags names this one, or any (`*`). Weak tags count too: proxies that compress weaken ours. */
function namesTag(header: string, etag: string): boolean {
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/** Whether a header of entity tags names this version, or any (`*`). */
export function namesVersion(header: string, version: number): boolean {
  return namesTag(header, etagOf(version));
}

/**
 * Whether who asks has this version already and is to be answered with a 304 (RFC 9110, 13.1.2). Express would look at
 * `Cache-Control: no-cache` as well, which is meant for caches on the way, and which `fetch` sends with every `If-None-Match`.
 */
export function isUnchanged(request: Request, etag: string): boolean {
  const known = request.get('if-none-match');
  return (request.method === 'GET' || request.method === 'HEAD') && known !== undefined && namesTag(known, etag);
}

/** @throws ProblemError `precondition-failed` where the caller wants to change another version than the stored one */
export function checkIfMatch(ifMatch: string | null, version: number): void {
  if (ifMatch !== null && !namesVersion(ifMatch, version)) {
    throw new ProblemError('precondition-failed', `The stored version is ${etagOf(version)}.`);
  }
}
