import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Route } from '../route.ts';
import { byPath } from '../route-paths.ts';
import { RESPONSE_HEADERS } from './headers.ts';
import { operationOf } from './operation.ts';
import { problemComponents } from './problem-responses.ts';
import { REQUEST_HEADERS } from './request-headers.ts';
import { tidySchema } from './tidy-schema.ts';

export interface ApiInfo {
  readonly version: string;
  /** Origin under which the API is reached. */
  readonly publicUrl: string;
  /** What the routes of each tag are about, in the order in which they are to be shown. */
  readonly tags?: Readonly<Record<string, string>>;
}

export type ApiDocument = ReturnType<typeof createDocument>;

const DESCRIPTION = `Countersign decides who must say yes before something happens, waits for them, and can prove afterwards what was decided.

Send a key with every request: \`Authorization: Bearer <key>\`. Bodies are JSON. Times are RFC 3339 in UTC, durations ISO 8601, amounts exact decimals in text.

Whatever is refused is answered with a problem (RFC 9457): its \`type\` leads to a page that says what to do. Nothing was changed then.

Answers may gain members and problems may gain types; what is there keeps its name and meaning.`;

/** The OpenAPI 3.1 document of the API, made from the schemas that the routes validate with. */
export function openApiDocument(routes: readonly Route[], { version, publicUrl, tags = {} }: ApiInfo): ApiDocument {
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Countersign API',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: publicUrl }],
      security: [{ key: [] }],
      tags: tagsOf(routes, tags),
      paths: pathsOf(routes),
      components: {
        securitySchemes: {
          key: {
            type: 'http',
            scheme: 'bearer',
            description:
              'An API key. It belongs to a service or to a person; only a person’s key can decide. Each operation names the scope that it needs.',
          },
        },
        parameters: REQUEST_HEADERS,
        headers: RESPONSE_HEADERS,
        responses: problemComponents(),
      },
    },
    { override: tidySchema },
  );
}

function pathsOf(routes: readonly Route[]): ZodOpenApiPathsObject {
  return Object.fromEntries(
    byPath(routes).map(([path, ofPath]) => [
      path,
      Object.fromEntries(ofPath.map((route) => [route.method, operationOf(route)])),
    ]),
  );
}

function tagsOf(
  routes: readonly Route[],
  described: Readonly<Record<string, string>>,
): { name: string; description?: string }[] {
  const names = new Set([...Object.keys(described), ...routes.map((route) => route.tag)]);
  return [...names].map((name) => (described[name] === undefined ? { name } : { name, description: described[name] }));
}
