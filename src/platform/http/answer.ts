import type { Response } from 'express';
import type { ProblemError } from '../errors.ts';
import { PROBLEM_TYPES, problemBody } from './problems.ts';
import type { Answer } from './route.ts';

/** Writes what a handler answered. Express turns it into a 304 where the caller has that version already (`If-None-Match`). */
export function sendAnswer(response: Response, answer: Answer): void {
  response.status(answer.status).set(answer.headers ?? {});
  if (answer.body === undefined) response.end();
  else response.type('application/json').send(JSON.stringify(answer.body));
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
