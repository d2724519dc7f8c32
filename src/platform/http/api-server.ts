import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { InvalidRequest, ProblemError } from '../errors.ts';
import type { Origin } from '../unit-of-work.ts';
import { sendAnswer } from './answer.ts';
import { readJson } from './body.ts';
import type { Caller } from './caller.ts';
import type { Denials } from './denials.ts';
import type { Gate } from './gate.ts';
import type { Idempotency } from './idempotency.ts';
import { rememberCaller } from './request-log.ts';
import { provenanceOf } from './provenance.ts';
import type { Answer, Method, Operation, Route } from './route.ts';
import { byPath, expressPath } from './route-paths.ts';
import { validate } from './validate.ts';

export interface ApiParts {
  readonly routes: readonly Route[];
  readonly gate: Gate;
  readonly idempotency: Idempotency;
  readonly denials: Denials;
}

const METHODS: readonly Method[] = ['get', 'post', 'put', 'delete'];
const NOTHING = z.strictObject({});

/** Mounts every route, and answers 405 where the address exists with other methods only. */
export function apiRouter(parts: ApiParts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const [path, routes] of byPath(parts.routes)) {
    for (const route of routes) router[route.method](expressPath(path), handlerFor(route, parts));
    router.all(expressPath(path), refuseMethod(routes));
  }
  return router;
}

/** RFC 9110, 15.5.6: the answer names the methods that there are. HEAD works wherever GET does. */
function refuseMethod(routes: readonly Route[]): RequestHandler {
  const declared = METHODS.filter((method) => routes.some((route) => route.method === method));
  const allowed = declared.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  return (request, response) => {
    response.set('Allow', allowed.join(', '));
    throw new ProblemError(
      'method-not-allowed',
      `${request.method} is not possible here; use ${allowed.join(' or ')}.`,
    );
  };
}

/** From the request to the answer: who asks, then the route's own work; a refusal of somebody known goes on record. */
function handlerFor(route: Route, parts: ApiParts): RequestHandler {
  const name = `${route.method.toUpperCase()} ${route.path}`;
  return async (request, response) => {
    const provenance = provenanceOf(request, response);
    const caller = await parts.denials.watchKeys(provenance, name, () =>
      parts.gate.admit(request.get('authorization'), request.ip),
    );
    rememberCaller(response, caller);
    const origin: Origin = { organization: caller.organization, actor: caller.actor, ...provenance };
    await sendAnswer(
      response,
      route,
      await parts.denials.watch(origin, { route: name, params: textsOf(request) }, () =>
        carryOut(route, parts, { request, response, caller, origin }),
      ),
    );
  };
}

/** Whether the caller may at all, what they sent, and what comes of it. */
async function carryOut(
  route: Route,
  parts: ApiParts,
  asked: { request: Request; response: Response; caller: Caller; origin: Origin },
): Promise<Answer> {
  const { request, response, caller, origin } = asked;
  checkScope(route, caller);
  const input = await inputOf(route, request);
  const headers = { ifMatch: request.get('if-match') ?? null, ifNoneMatch: request.get('if-none-match') ?? null };
  const signal = abortedWhenGone(response);
  const handle = (operation: Operation) => route.handle({ ...input, ...headers, caller, origin, operation, signal });
  const key = route.method === 'post' ? request.get('idempotency-key') : undefined;
  return parts.idempotency.once(
    key,
    caller,
    origin,
    { path: `${route.method} ${request.baseUrl}${request.path}`, body: input.body },
    handle,
  );
}

/** A pattern of ours names each parameter once. */
function textsOf({ params }: Request): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function checkScope(route: Route, caller: Caller): void {
  if (route.scope !== null && !caller.scopes.has(route.scope)) {
    throw new ProblemError('forbidden', `This key lacks the scope \`${route.scope}\`.`);
  }
}

async function inputOf(route: Route, request: Request): Promise<{ params: unknown; query: unknown; body: unknown }> {
  return {
    params: paramsOf(route, request),
    query: validate(route.query ?? NOTHING, { ...request.query }, 'query'),
    body: await bodyOf(route, request),
  };
}

/**
 * What cannot be an id is the id of nothing. Where it would become one, what is wrong with it is said instead.
 * @throws ProblemError `not-found`, InvalidRequest
 */
function paramsOf(route: Route, request: Request): unknown {
  const schema = route.params ?? NOTHING;
  if (route.method === 'put') return validate(schema, { ...request.params }, 'path');
  const parsed = schema.safeParse({ ...request.params });
  if (!parsed.success)
    throw new ProblemError('not-found', 'There is nothing at this address: it holds an id that cannot exist.');
  return parsed.data;
}

async function bodyOf(route: Route, request: Request): Promise<unknown> {
  if (!route.body) return undefined;
  const json = await readJson(request);
  if (json === undefined && !route.bodyOptional)
    throw new InvalidRequest([{ path: '', message: 'a JSON body is required' }]);
  return validate(route.body, json === undefined ? {} : json, '');
}

function abortedWhenGone(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}
