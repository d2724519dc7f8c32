import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { Caller } from './caller.ts';
import { requestIdOf } from './request-id.ts';
import { openApiPath } from './route-paths.ts';

/** What is asked every few seconds by machines and would drown everything else. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);
const CALLER = 'caller';

/** Notes who sent the request, for its line in the log. */
export function rememberCaller(response: Response, caller: Caller): void {
  response.locals[CALLER] = { organization: caller.organization, keyId: caller.key };
}

/**
 * The pattern of the route that answered, or `(none)`. Never the address itself: in `/r/<token>` and `/sign-in/<token>` it
 * is a secret, and elsewhere it holds ids that callers chose.
 */
export function routePattern(request: Request): string {
  const path: unknown = request.route?.path;
  return typeof path === 'string' ? openApiPath(path) : '(none)';
}

/** One line for each request, when its answer has gone out or the client has gone away. */
export function logRequests(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const began = performance.now();
    response.once('close', () => {
      const route = routePattern(request);
      const level = response.statusCode >= 500 ? 'warn' : QUIET.has(route) ? 'debug' : 'info';
      const line = {
        requestId: requestIdOf(response),
        method: request.method,
        route,
        status: response.statusCode,
        ms: Math.round(performance.now() - began),
        ...response.locals[CALLER],
      };
      logger[level](response.writableFinished ? line : { ...line, clientGone: true }, 'request');
    });
    next();
  };
}
