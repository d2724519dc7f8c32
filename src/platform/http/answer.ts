import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { ProblemError } from '../errors.ts';
import { isUnchanged, mayAnswerUnchanged } from './etag.ts';
import { PROBLEM_TYPES, problemBody } from './problems.ts';
import type { Answer, Content, Route } from './route.ts';

/**
 * Writes what a handler answered, or that the caller has it already, where the route says that this can be.
 * @throws what reading a streamed body throws; half of the answer has gone out by then
 */
export async function sendAnswer(
  response: Response,
  { etag: use }: Pick<Route, 'etag'>,
  { status, headers = {}, body, content }: Answer,
): Promise<void> {
  response.status(status).set(headers);
  const etag = headers['ETag'];
  if (status === 200 && etag !== undefined && mayAnswerUnchanged(use) && isUnchanged(response.req, etag))
    response.status(304).end();
  else if (content !== undefined) await sendContent(response, content);
  else if (body === undefined) response.end();
  else write(response.type('application/json'), JSON.stringify(body));
}

async function sendContent(response: Response, { type, data }: Content): Promise<void> {
  response.type(type);
  if (typeof data === 'string') return write(response, data);
  if (response.req.method === 'HEAD') return void response.end();
  // Log, metrics, tracing and the rest each wait for the end of an answer, and `pipeline` does so more than once.
  response.setMaxListeners(0);
  try {
    await pipeline(Readable.from(data, { objectMode: false }), response);
  } catch (error) {
    // Whoever goes away in the middle needs no answer any more.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
  }
}

/** Express's own `send` would answer 304 wherever there is a tag. */
function write(response: Response, text: string): void {
  response.set('Content-Length', String(Buffer.byteLength(text))).end(text);
}

/** Writes a problem (RFC 9457, `application/problem+json`). */
export function sendProblem(response: Response, error: ProblemError, requestId: string): void {
  setProblemHeaders(response, error);
  response
    .status(PROBLEM_TYPES[error.code].status)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(error, requestId)));
}

/** What a problem says in headers, whatever its body is written in (RFC 9110, 10.2.3 and 11.6.1). */
export function setProblemHeaders(response: Response, error: ProblemError): void {
  const wait = error.extension.retryAfterSeconds;
  if (wait !== undefined) response.set('Retry-After', String(wait));
  if (error.code === 'unauthenticated') response.set('WWW-Authenticate', 'Bearer');
}
