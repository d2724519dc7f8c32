import type { Response } from 'express';
import type { ProblemError } from '../errors.ts';
import { isUnchanged } from './etag.ts';
import { PROBLEM_TYPES, problemBody } from './problems.ts';
import type { Answer } from './route.ts';

/** Writes what a handler answered, or that the caller has it already. */
export function sendAnswer(response: Response, { status, headers = {}, body }: Answer): void {
  response.status(status).set(headers);
  if (status === 200 && headers['ETag'] !== undefined && isUnchanged(response.req, headers['ETag'])) response.status(304).end();
  else if (body === undefined) response.end();
  else response.type('application/json').send(JSON.stringify(body));
}

/** Writes a problem (RFC 9457, `application/problem+json`). */
export function sendProblem(response: Response, error: ProblemError, requestId: string): void {
  setProblemHeaders(response, error);
  response.status(PROBLEM_TYPES[error.code].status).type('application/problem+json').send(JSON.stringify(problemBody(error, requestId)));
}

/** What a problem says in headers, whatever its body is written in (RFC 9110, 10.2.3 and 11.6.1). */
export function setProblemHeaders(response: Response, error: ProblemError): void {
  const wait = error.extension.retryAfterSeconds;
  if (wait !== undefined) response.set('Retry-After', String(wait));
  if (error.code === 'unauthenticated') response.set('WWW-Authenticate', 'Bearer');
}
