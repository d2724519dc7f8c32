import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createDocument } from 'zod-openapi';
import { fieldRows, typeName } from '../../src/pages/docs/describe-schema.ts';
import { curlExample, exampleOf } from '../../src/pages/docs/example.ts';
import type { Endpoint, OpenApiDocument, SchemaObject } from '../../src/pages/docs/openapi.ts';
import { groupByTag, resolve } from '../../src/pages/docs/read-document.ts';
import { docsPage } from '../../src/pages/docs-page.ts';
import { renderPage } from '../../src/pages/html.ts';
import { DOCUMENT } from './sample-document.ts';
import { SAMPLE_PAGES } from './sample-pages.ts';
import { textOf } from './text-of.ts';

const groups = groupByTag(DOCUMENT);

function endpoint(id: string): Endpoint {
  const found = groups.flatMap(({ endpoints }) => endpoints).find((one) => one.id === id);
  if (!found) throw new Error(`no endpoint ${id}`);
  return found;
}

const withSchemas = (schemas: Readonly<Record<string, SchemaObject>>): OpenApiDocument => ({
  ...DOCUMENT,
  components: { schemas },
});

describe('the reference', () => {
  const page = SAMPLE_PAGES['docs'];
  const text = page ? textOf(renderPage(page)) : '';

  test('has each operation with summary, path, scope, parameters, fields, responses and an example', () => {
    for (const part of [
      'Ask for an approval',
      'POST /api/v1/approvals',
      'Scope: approvals:write',
      'Idempotency-Key',
      'in header · at most 255 characters',
      'team_id string required',
      '201 The request, with its stages.',
      '409 The key was used with another body.',
      'curl -X POST',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain('No key is needed.');
  });
  test('has the sections that are handed in', () => {
    expect(text).toContain('A role held in a team holds in its descendants.');
  });
  test('keeps the order of the tags, and gathers what has none at the end', () => {
    expect(groups.map(({ name }) => name)).toEqual(['Approvals', 'Teams', 'Other']);
  });
});

describe('fields', () => {
  test('are listed with those inside them, their type, and what is allowed', () => {
    const rows = fieldRows(DOCUMENT, { $ref: '#/components/schemas/NewApproval' });
    const byName = Object.fromEntries(rows.map((row) => [row.name, row]));
    expect(byName['title']).toEqual({
      name: 'title',
      type: 'string',
      required: true,
      constraints: ['1 to 200 characters'],
      description: null,
    });
    expect(byName['kind']?.constraints).toEqual(['one of "spend", "policy", "erasure", "generic"']);
    expect(byName['amount']).toMatchObject({
      type: 'Amount or null',
      required: false,
      description: 'An exact amount of money.',
    });
    expect(byName['amount.value']).toMatchObject({ required: true, description: 'A decimal number.' });
    expect(byName['chain.stages']?.type).toBe('list of Stage');
    expect(byName['chain.stages[].required']?.type).toBe('integer or "all" or "majority"');
    expect(byName['chain.stages[].approvers[].role']?.type).toBe('string');
    expect(byName['chain.stages[].timeout']?.constraints).toEqual(['duration', '"P3D" unless given']);
  });
  test('of an object that holds itself come to an end', () => {
    expect(fieldRows(DOCUMENT, { $ref: '#/components/schemas/Condition' }).map(({ name }) => name)).toEqual([
      'field',
      'all',
    ]);
    const list = withSchemas({ List: { type: 'array', items: { $ref: '#/components/schemas/List' } } });
    expect(fieldRows(list, { $ref: '#/components/schemas/List' })).toEqual([]);
  });
  test('of merged objects are those of all parts', () => {
    const document = withSchemas({
      Base: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
    });
    const rows = fieldRows(document, {
      allOf: [
        { $ref: '#/components/schemas/Base' },
        { type: 'object', required: ['at'], properties: { at: { type: 'string', format: 'date-time' } } },
      ],
    });
    expect(rows.map(({ name, required }) => [name, required])).toEqual([
      ['id', true],
      ['at', true],
    ]);
  });
  test('of variants are required where every variant requires them', () => {
    const variant = (kind: string, required: readonly string[]) => ({
      type: 'object',
      required: ['kind', ...required],
      properties: { kind: { const: kind }, id: { type: 'string' }, at: { type: 'string' } },
    });
    const rows = fieldRows(DOCUMENT, { oneOf: [variant('a', ['id']), variant('b', ['at'])] });
    expect(rows.map(({ name, required }) => [name, required])).toEqual([
      ['kind', true],
      ['id', false],
      ['at', false],
    ]);
  });
  test('without a type are anything', () => {
    expect([typeName({}), typeName(true), typeName({ enum: ['a', 1, null] })]).toEqual([
      'anything',
      'anything',
      'string or number or null',
    ]);
  });
});

test('a document that zod-openapi generates is read as it is', () => {
  const amount = z.object({ value: z.string().max(40), currency: z.string().length(3) }).meta({ id: 'Amount' });
  const document = createDocument({
    openapi: '3.1.1',
    info: { title: 'Generated', version: '1' },
    paths: {
      '/things': {
        post: {
          requestBody: {
            content: {
              'application/json': { schema: z.strictObject({ amount, note: z.string().nullable().optional() }) },
            },
          },
          responses: { 201: { description: 'Made.' } },
        },
      },
    },
  });
  const text = textOf(renderPage(docsPage({ document, sections: [], baseUrl: '' })));
  expect(text).toContain('amount Amount required');
  expect(text).toContain('amount.value string required at most 40 characters');
  expect(text).toContain('note string or null optional');
});

describe('references', () => {
  test('lead to components, with the escapes of a JSON pointer', () => {
    expect(
      resolve(withSchemas({ 'a/b~c': { type: 'string' } }), 'schemas', { $ref: '#/components/schemas/a~1b~0c' }),
    ).toEqual({ type: 'string' });
  });
  test.each([
    '#/components/schemas/Missing',
    'https://elsewhere.example/schema',
    '#/paths/x',
    '#/components/parameters/x',
    '#/components/schemas/Loop',
  ])('lead nowhere without harm: %s', ($ref) => {
    expect(resolve(withSchemas({ Loop: { $ref: '#/components/schemas/Loop' } }), 'schemas', { $ref })).toBeNull();
  });
});

describe('an example', () => {
  test('can be pasted into a shell: quoted, with a key from the environment and the required fields', () => {
    expect(curlExample(DOCUMENT, endpoint('post-api-v1-approvals'), 'http://127.0.0.1:8080')).toBe(
      [
        "curl -X POST 'http://127.0.0.1:8080/api/v1/approvals' \\",
        '  -H "Authorization: Bearer $COUNTERSIGN_KEY" \\',
        "  -H 'Content-Type: application/json' \\",
        `  -d '{\n  "team_id": "team-123",\n  "kind": "spend",\n  "title": "December'\\''s training runs",\n  "requester_id": "noor"\n}'`,
      ].join('\n'),
    );
  });
  test('has a value of the right type for every required field, nullable, nested and listed ones too', () => {
    const schema: SchemaObject = {
      required: ['note', 'count', 'tags', 'amount', 'on', 'who'],
      properties: {
        note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        count: { type: 'integer', minimum: 3 },
        tags: { type: 'array', items: { type: 'string', format: 'email' } },
        amount: { $ref: '#/components/schemas/Amount' },
        on: { type: 'boolean' },
        who: {
          oneOf: [{ type: 'object', required: ['role'], properties: { role: { enum: ['vp'] } } }, { type: 'string' }],
        },
        left_out: { type: 'string' },
      },
    };
    expect(exampleOf(DOCUMENT, schema)).toEqual({
      note: 'text',
      count: 3,
      tags: ['dana@example.com'],
      amount: { value: '1500.00', currency: 'USD' },
      on: true,
      who: { role: 'vp' },
    });
  });
  test('leaves a placeholder where no example is known, and the key where none is needed', () => {
    expect(curlExample(DOCUMENT, endpoint('delete-api-v1-teams-team-members-user'), '')).toContain(
      "'/api/v1/teams/team-123/members/{user}'",
    );
    expect(curlExample(DOCUMENT, endpoint('get-healthz'), '')).toBe("curl '/healthz'");
  });
});
