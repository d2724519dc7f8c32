import type { OpenApiDocument, SchemaObject } from '../../src/pages/docs/openapi.ts';

const SCHEMAS: Readonly<Record<string, SchemaObject>> = {
  Amount: {
    type: 'object',
    description: 'An exact amount of money.',
    required: ['value', 'currency'],
    properties: {
      value: {
        type: 'string',
        pattern: '^\\d{1,26}(\\.\\d{1,12})?$',
        description: 'A decimal number.',
        examples: ['1500.00'],
      },
      currency: { type: 'string', minLength: 3, maxLength: 3, examples: ['USD'] },
    },
  },
  Stage: {
    type: 'object',
    required: ['approvers'],
    properties: {
      name: { type: 'string', maxLength: 100 },
      approvers: {
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: {
          oneOf: [
            { type: 'object', required: ['user_id'], properties: { user_id: { type: 'string', examples: ['dana'] } } },
            { type: 'object', required: ['role'], properties: { role: { enum: ['manager', 'director', 'vp'] } } },
          ],
        },
      },
      required: {
        anyOf: [{ type: 'integer', minimum: 1 }, { const: 'all' }, { const: 'majority' }],
        description: 'How many approvals close the stage.',
      },
      timeout: { type: 'string', format: 'duration', default: 'P3D' },
    },
  },
  Condition: {
    type: 'object',
    properties: {
      field: { type: 'string' },
      all: { type: 'array', items: { $ref: '#/components/schemas/Condition' } },
    },
  },
  NewApproval: {
    type: 'object',
    required: ['team_id', 'kind', 'title', 'requester_id'],
    properties: {
      team_id: { type: 'string', description: 'The team that asks.', examples: ['team-123'] },
      kind: { enum: ['spend', 'policy', 'erasure', 'generic'] },
      title: { type: 'string', minLength: 1, maxLength: 200, examples: ["December's training runs"] },
      requester_id: { type: 'string', examples: ['noor'] },
      amount: { anyOf: [{ $ref: '#/components/schemas/Amount' }, { type: 'null' }] },
      chain: {
        type: 'object',
        properties: { stages: { type: 'array', items: { $ref: '#/components/schemas/Stage' } } },
      },
      when: { $ref: '#/components/schemas/Condition' },
    },
  },
  Approval: {
    type: 'object',
    required: ['id', 'state'],
    properties: {
      id: { type: 'string', format: 'uuid' },
      state: { enum: ['pending', 'approved', 'rejected'] },
      amount: { $ref: '#/components/schemas/Amount' },
    },
  },
  Problem: {
    type: 'object',
    properties: { type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' } },
  },
};

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/** A small document with every construct that the reference page reads. */
export const DOCUMENT: OpenApiDocument = {
  openapi: '3.1.1',
  info: {
    title: 'Countersign API',
    version: '0.1.0',
    description: 'Who must say yes before something happens.\n\nSend a key as `Authorization: Bearer <key>`.',
  },
  tags: [{ name: 'Approvals', description: 'Ask for a decision and wait for it.' }, { name: 'Teams' }],
  paths: {
    '/api/v1/approvals': {
      post: {
        tags: ['Approvals'],
        summary: 'Ask for an approval',
        description: 'Answers with `201` as soon as decisions are accepted.',
        security: [{ key: ['approvals:write'] }],
        parameters: [{ $ref: '#/components/parameters/IdempotencyKey' }],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/NewApproval' } } },
        },
        responses: {
          201: {
            description: 'The request, with its stages.',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Approval' } } },
          },
          400: problem('Something in the request is wrong.'),
          409: { $ref: '#/components/responses/Conflict' },
        },
      },
    },
    '/api/v1/approvals/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }],
      get: {
        tags: ['Approvals'],
        summary: 'Read an approval',
        security: [{ key: ['approvals:read'] }],
        responses: {
          200: {
            description: 'The approval.',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Approval' } } },
          },
        },
      },
    },
    '/api/v1/teams/{team}/members/{user}': {
      delete: {
        tags: ['Teams'],
        summary: 'Take a member out of a team',
        deprecated: true,
        parameters: [
          { name: 'team', in: 'path', required: true, schema: { type: 'string', examples: ['team-123'] } },
          { name: 'user', in: 'path', required: true, schema: { type: 'string' } },
        ],
        responses: { 204: { description: 'Done.' } },
      },
    },
    '/healthz': { get: { security: [], responses: { 200: { description: 'The process lives.' } } } },
  },
  components: {
    schemas: SCHEMAS,
    parameters: {
      IdempotencyKey: {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'The same key with the same body gives the first answer again.',
        schema: { type: 'string', maxLength: 255 },
      },
    },
    responses: { Conflict: problem('The key was used with another body.') },
  },
};
