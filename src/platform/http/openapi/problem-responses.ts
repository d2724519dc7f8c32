import { z } from 'zod';
import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { PROBLEM_CODES, type ProblemCode } from '../../errors.ts';
import { PROBLEM_TYPES } from '../problems.ts';
import type { Route } from '../route.ts';
import { headersOf } from './headers.ts';

const fieldErrorSchema = z.object({
  path: z
    .string()
    .describe(
      'Dotted path into the body, or `query.limit`, `path.id`, `header.if-match`; empty for the request as a whole.',
    ),
  message: z.string(),
});

/** RFC 9457. */
const problemSchema = z
  .looseObject({
    type: z.enum(PROBLEM_CODES.map((code) => `/problems/${code}`)).describe('Leads to a page that explains it.'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What went wrong this time, and what to do.'),
    request_id: z.string().describe('By which the operator finds the request in the log.'),
    errors: z.array(fieldErrorSchema).optional(),
    state: z.string().optional().describe('How the approval ended, where it is closed.'),
  })
  .meta({ id: 'Problem', description: 'What every refusal looks like (RFC 9457). There may be further members.' });

/** What any route may answer, before its own work begins. */
const EVERYWHERE: readonly ProblemCode[] = [
  'invalid-request',
  'unauthenticated',
  'forbidden',
  'rate-limited',
  'unavailable',
];

/** Every problem a route may answer with, each once. */
export function problemsOf(route: Route): readonly ProblemCode[] {
  return [
    ...new Set<ProblemCode>([
      ...EVERYWHERE,
      ...(route.body ? (['payload-too-large'] as const) : []),
      ...(route.method === 'post' ? (['idempotency-conflict'] as const) : []),
      ...(route.params && route.method !== 'put' ? (['not-found'] as const) : []),
      ...(route.etag === 'write' ? (['precondition-failed'] as const) : []),
      ...(route.problems ?? []),
    ]),
  ];
}

/** The problems of a route as responses by status: named ones where nothing is to be said about this route, else its own. */
export function problemResponses(route: Route): Record<`${number}`, ZodOpenApiResponseObject | { $ref: string }> {
  const byStatus = Map.groupBy(problemsOf(route), (code) => PROBLEM_TYPES[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [`${status}`, ownResponse(route, codes) ?? referenceTo(codes[0]!)]),
  );
}

/** A named response for every problem there is. */
export function problemComponents(): Record<string, ZodOpenApiResponseObject> {
  return Object.fromEntries(
    PROBLEM_CODES.map((code) => [componentName(code), responseFor([code], PROBLEM_TYPES[code].meaning)]),
  );
}

function referenceTo(code: ProblemCode): { $ref: string } {
  return { $ref: `#/components/responses/${componentName(code)}` };
}

function ownResponse(route: Route, codes: readonly ProblemCode[]): ZodOpenApiResponseObject | null {
  if (codes.length > 1)
    return responseFor(codes, codes.map((code) => `\`${code}\`: ${meaningHere(route, code)}`).join('\n\n'));
  return codes[0] === 'forbidden' && route.scope !== null ? responseFor(codes, meaningHere(route, 'forbidden')) : null;
}

/** The refusal names the scope: not every tool shows the roles of a security requirement. */
function meaningHere({ scope }: Route, code: ProblemCode): string {
  if (code === 'forbidden' && scope !== null)
    return `The key lacks the scope \`${scope}\`, or the roles of the person it belongs to do not allow this.`;
  return PROBLEM_TYPES[code].meaning;
}

function responseFor(codes: readonly ProblemCode[], description: string): ZodOpenApiResponseObject {
  return { description, headers: headersOf(codes), content: { 'application/problem+json': { schema: problemSchema } } };
}

/** `not-found` becomes `NotFound`. */
function componentName(code: ProblemCode): string {
  return code.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
