import type { ZodOpenApiComponentsObject } from 'zod-openapi';
import type { ProblemCode } from '../../errors.ts';

/** Headers that answers carry. */
export const RESPONSE_HEADERS = {
  RequestId: {
    description: 'By which the operator finds the request in the log.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  ETag: {
    description: 'The version of what was answered (RFC 9110, 8.8.3).',
    required: true,
    schema: { type: 'string', examples: ['"3"'] },
  },
  RetryAfter: {
    description: 'Seconds after which it makes sense to try again.',
    schema: { type: 'integer', minimum: 1 },
  },
  Allow: {
    description: 'The methods that there are.',
    required: true,
    schema: { type: 'string', examples: ['GET, HEAD, POST'] },
  },
  WwwAuthenticate: {
    description: 'How to authenticate.',
    required: true,
    schema: { type: 'string', examples: ['Bearer'] },
  },
} satisfies ZodOpenApiComponentsObject['headers'];

const NAMES: Readonly<Record<keyof typeof RESPONSE_HEADERS, string>> = {
  RequestId: 'X-Request-Id',
  ETag: 'ETag',
  RetryAfter: 'Retry-After',
  Allow: 'Allow',
  WwwAuthenticate: 'WWW-Authenticate',
};

const OF_PROBLEMS: Partial<Record<ProblemCode, keyof typeof RESPONSE_HEADERS>> = {
  unauthenticated: 'WwwAuthenticate',
  'method-not-allowed': 'Allow',
  'rate-limited': 'RetryAfter',
  unavailable: 'RetryAfter',
  'idempotency-conflict': 'RetryAfter',
};

type References = Record<string, { $ref: string }>;

/** The headers of an answer with one of these problems. */
export function headersOf(codes: readonly ProblemCode[]): References {
  return references(['RequestId', ...codes.flatMap((code) => OF_PROBLEMS[code] ?? [])]);
}

/** The headers of an answer that is no problem. */
export function answerHeaders(withEtag: boolean): References {
  return references(withEtag ? ['RequestId', 'ETag'] : ['RequestId']);
}

function references(names: readonly (keyof typeof RESPONSE_HEADERS)[]): References {
  return Object.fromEntries(names.map((name) => [NAMES[name], { $ref: `#/components/headers/${name}` }]));
}
