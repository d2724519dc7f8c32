import type { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { mayAnswerUnchanged } from '../etag.ts';
import type { Route } from '../route.ts';
import { answerHeaders } from './headers.ts';
import { problemResponses } from './problem-responses.ts';
import type { REQUEST_HEADERS } from './request-headers.ts';

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'Done, or read.',
  201: 'Made.',
  202: 'Accepted; it is carried out in the background.',
  204: 'Done. There is no body.',
};

/** A route as OpenAPI describes it. */
export function operationOf(route: Route): ZodOpenApiOperationObject {
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    security: [{ key: route.scope === null ? [] : [route.scope] }],
    parameters: requestHeaders(route).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    requestParams: {
      ...(route.params ? { path: route.params } : {}),
      ...(route.query ? { query: route.query } : {}),
    } as ZodOpenApiOperationObject['requestParams'],
    ...(route.body ? { requestBody: { required: !route.bodyOptional, content: bodyContent(route, route.body) } } : {}),
    responses: responsesOf(route),
  };
}

/** `PUT /api/v1/teams/{team}/members/{user}` becomes `putTeamsTeamMembersUser`: stable, and one of its kind. */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/api\/v\d+\//, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function requestHeaders({ method, etag }: Route): (keyof typeof REQUEST_HEADERS)[] {
  if (method === 'post') return ['IdempotencyKey'];
  if (etag === 'write') return ['IfMatch'];
  return mayAnswerUnchanged(etag) ? ['IfNoneMatch'] : [];
}

function bodyContent({ bodyMediaTypes = ['application/json'] }: Route, schema: z.ZodType) {
  return Object.fromEntries(bodyMediaTypes.map((type) => [type, { schema }]));
}

function contentOf(route: Route, status: number, schema: z.ZodType) {
  const others = status === 200 ? Object.entries(route.alsoAs ?? {}) : [];
  return Object.fromEntries(
    [[route.mediaType ?? 'application/json', schema] as const, ...others].map(([type, of]) => [type, { schema: of }]),
  );
}

function responsesOf(route: Route): ZodOpenApiResponsesObject {
  const answers = Object.entries(route.answers).map(([status, schema]): [string, ZodOpenApiResponseObject] => [
    status,
    {
      description: DESCRIPTIONS[Number(status)] ?? 'Done.',
      headers: answerHeaders(route.etag !== undefined && schema !== null),
      ...(schema ? { content: contentOf(route, Number(status), schema) } : {}),
    },
  ]);
  const unchanged = {
    description: 'You have this version already (`If-None-Match`). There is no body.',
    headers: answerHeaders(true),
  };
  const ofReaders = mayAnswerUnchanged(route.etag) ? [['304', unchanged] as const] : [];
  return Object.fromEntries([...answers, ...ofReaders, ...Object.entries(problemResponses(route))]);
}
