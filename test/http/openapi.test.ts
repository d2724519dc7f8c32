import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { auditRoutes } from '../../src/audit/routes.ts';
import { PROBLEM_CODES } from '../../src/platform/errors.ts';
import { type ApiDocument, openApiDocument } from '../../src/platform/http/openapi/document.ts';
import { problemsOf } from '../../src/platform/http/openapi/problem-responses.ts';
import { PROBLEM_TYPES } from '../../src/platform/http/problems.ts';
import type { Route } from '../../src/platform/http/route.ts';
import { tenancyRoutes } from '../../src/tenancy/routes.ts';
import { deeply, isRecord } from './support/walk.ts';

type Operation = NonNullable<NonNullable<ApiDocument['paths']>[string]['get']>;

/** No route is called: none of these services is ever looked at. */
const routes: readonly Route[] = [
  ...tenancyRoutes(Object.create(null)),
  ...auditRoutes(Object.create(null), 'https://countersign.example'),
];

describe('the OpenAPI document', () => {
  let document: ApiDocument;
  const operations = () => routes.map((route) => [route, operationOf(route)] as const);

  beforeAll(() => {
    document = openApiDocument(routes, {
      version: '1.2.3',
      publicUrl: 'https://countersign.example',
      tags: { Teams: 'Who belongs together.' },
    });
  });

  function operationOf({ path, method }: Route): Operation {
    const operation = document.paths?.[path]?.[method];
    if (!operation) throw new Error(`${method} ${path} is not in the document`);
    return operation;
  }

  test('has every route, under an operation id of its own, and nothing else', () => {
    const ids = operations().map(([, operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(routes.length);
    const documented = Object.values(document.paths ?? {}).flatMap((item) => Object.keys(item));
    expect(documented).toHaveLength(routes.length);
  });

  test('names version, origin, and what the tags are about', () => {
    expect(document).toMatchObject({
      openapi: '3.1.1',
      info: { version: '1.2.3' },
      servers: [{ url: 'https://countersign.example' }],
    });
    expect(document.tags?.[0]).toEqual({ name: 'Teams', description: 'Who belongs together.' });
    expect(document.tags?.map(({ name }) => name)).toEqual([...new Set(routes.map(({ tag }) => tag))]);
  });

  test('every answer of a route is there, with its status, its problems, and the id of the request', () => {
    for (const [route, operation] of operations()) {
      const statuses = new Set([
        ...Object.keys(route.answers),
        ...problemsOf(route).map((code) => `${PROBLEM_TYPES[code].status}`),
        ...(route.etag === 'read' ? ['304'] : []),
      ]);
      expect(new Set(Object.keys(operation.responses ?? {}))).toEqual(statuses);
      for (const status of statuses)
        expect(resolve(operation.responses?.[status])).toMatchObject({
          description: expect.stringMatching(/\w/),
          headers: { 'X-Request-Id': expect.anything() },
        });
    }
  });

  test('every problem has a response, with its type in the one schema of problems', () => {
    const schema = document.components?.schemas?.['Problem'];
    expect(schema).toMatchObject({ properties: { type: { enum: PROBLEM_CODES.map((code) => `/problems/${code}`) } } });
    for (const response of Object.values(document.components?.responses ?? {})) {
      expect(response).toMatchObject({
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      });
    }
    expect(Object.keys(document.components?.responses ?? {})).toHaveLength(PROBLEM_CODES.length);
  });

  test('a scope is named where one is needed: with the key, and in the refusal', () => {
    for (const [{ scope }, operation] of operations()) {
      expect(operation.security).toEqual([{ key: scope === null ? [] : [scope] }]);
      if (scope !== null)
        expect(resolve(operation.responses?.['403'])).toMatchObject({
          description: expect.stringContaining(`\`${scope}\``),
        });
    }
  });

  test('several problems of one status are told apart in its description', () => {
    expect(document.paths?.['/api/v1/teams']?.post?.responses?.['409']).toMatchObject({
      description: expect.stringMatching(/`idempotency-conflict`.*`already-exists`/s),
    });
  });

  test('headers are offered where they do something', () => {
    for (const [{ method, etag }, operation] of operations()) {
      const offered = (operation.parameters ?? [])
        .map((parameter) => resolve(parameter))
        .filter((parameter) => parameter['in'] === 'header')
        .map(({ name }) => name);
      expect(offered).toEqual(
        method === 'post'
          ? ['Idempotency-Key']
          : etag === 'write'
            ? ['If-Match']
            : etag === 'read'
              ? ['If-None-Match']
              : [],
      );
    }
  });

  test('every parameter of a path is declared', () => {
    for (const [{ path }, operation] of operations()) {
      const declared = (operation.parameters ?? [])
        .map((parameter) => resolve(parameter))
        .filter((parameter) => parameter['in'] === 'path');
      expect(declared.map(({ name }) => `{${String(name)}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      for (const parameter of declared) expect(parameter['required']).toBe(true);
    }
  });

  test('bodies are closed, so that a misspelt field is refused; answers are open, so that they can grow', () => {
    const { NewTeam, Team } = document.components?.schemas ?? {};
    expect(NewTeam).toMatchObject({ additionalProperties: false });
    expect(Team).not.toHaveProperty('additionalProperties');
  });

  test('every example is valid where it stands', () => {
    let seen = 0;
    for (const schema of deeply(document, (value) => Array.isArray(value['examples']) && 'type' in value)) {
      const { examples, ...rest } = schema;
      for (const example of z.array(z.unknown()).parse(examples)) {
        seen += 1;
        expect([example, z.fromJSONSchema(rest).safeParse(example).success]).toEqual([example, true]);
      }
    }
    expect(seen).toBeGreaterThan(20);
  });

  test('every reference leads somewhere', () => {
    const references = [...deeply(document, (value) => typeof value['$ref'] === 'string')];
    expect(references.length).toBeGreaterThan(50);
    for (const reference of references) expect(resolve(reference)).toBeDefined();
  });

  function resolve(value: unknown): Record<string, unknown> {
    if (!isRecord(value)) throw new Error('there is nothing here');
    if (typeof value['$ref'] !== 'string') return value;
    const target = value['$ref']
      .slice('#/'.length)
      .split('/')
      .reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), document);
    return resolve(target);
  }
});
