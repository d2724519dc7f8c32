import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { InvalidRequest, ProblemError } from '../errors.ts';
import { sendProblem, setProblemHeaders } from './answer.ts';
import { PROBLEM_TYPES, type ProblemBody, problemBody } from './problems.ts';
import { requestIdOf } from './request-id.ts';

/** Makes the page that a person sees instead of a problem's JSON. */
export type FailurePage = (problem: ProblemBody, retryAfterSeconds: number | null) => string;

/** What was asked for is not here. */
export const refuseUnknownPath: RequestHandler = () => {
  throw new ProblemError('not-found', 'There is nothing at this address. `/docs` lists what there is.');
};

/** The last handler: turns what was thrown into a problem for programs, or a page for people. */
export function answerFailure(logger: Logger, page: FailurePage): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const requestId = requestIdOf(response);
    const problem = problemOf(error);
    if (!problem) logger.error({ err: error, requestId }, 'a request failed unexpectedly');
    else if (problem.cause) logger.warn({ err: problem, requestId }, 'a part that is needed does not answer');
    // Half an answer has gone out: that the connection breaks off is all that can still be said.
    if (response.headersSent) return void response.destroy();
    if (wantsPage(request)) return sendPage(response, problem, page);
    if (problem) return sendProblem(response, problem, requestId);
    response
      .status(500)
      .type('application/problem+json')
      .send(JSON.stringify(internalError(requestId)));
  };
}

/** What Express itself throws about a request (a malformed percent-encoding) is the caller's mistake; anything else is ours. */
function problemOf(error: unknown): ProblemError | null {
  if (error instanceof ProblemError) return error;
  if (error instanceof Error && 'status' in error && error.status === 400)
    return new InvalidRequest([{ path: '', message: 'the address is malformed' }]);
  return null;
}

/** A person with a browser, outside the API. Who accepts anything (`*\/*`) is a program. */
function wantsPage(request: Request): boolean {
  return (
    !request.originalUrl.startsWith('/api/') &&
    request.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html'
  );
}

function sendPage(response: Response, problem: ProblemError | null, page: FailurePage): void {
  const requestId = requestIdOf(response);
  if (problem) setProblemHeaders(response, problem);
  const body = problem ? problemBody(problem, requestId) : internalError(requestId);
  response
    .status(problem ? PROBLEM_TYPES[problem.code].status : 500)
    .type('html')
    .send(page(body, problem?.extension.retryAfterSeconds ?? null));
}

/** Nothing of an unexpected error leaves: neither its text nor its stack. The log has them, under the request's id. */
function internalError(requestId: string): ProblemBody {
  return {
    type: 'about:blank',
    title: 'Internal error',
    status: 500,
    detail: 'Something went wrong on our side. The log has the details under the request id.',
    request_id: requestId,
  };
}
