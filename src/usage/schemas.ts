import { z } from 'zod';
import { PROBLEM_CODES } from '../platform/errors.ts';
import { timestampOut, timestampSchema } from '../platform/http/schemas.ts';
import { currencySchema } from '../tenancy/schemas.ts';
import { EVENT_SCHEMA } from './event-fields.ts';
import { kindWithoutBase } from './rules/rates.ts';
import { ALL_TOKEN_KINDS, type TokenKind } from './rules/token-kinds.ts';

const MAX_EVENTS = 5_000;

/** Checked event by event, by `event-reader.ts`, so that a bad one does not keep the others out. */
const eventSchema = z.unknown().meta({ id: 'UsageEvent', override: EVENT_SCHEMA });

const cloudEventSchema = z.unknown().meta({
  id: 'UsageCloudEvent',
  override: {
    type: 'object',
    required: ['specversion', 'type', 'id', 'source', 'data'],
    description:
      'CloudEvents 1.0. `id`, `source`, and where they are left out of `data`, `time` and `subject` (the user), are those of the event.',
    properties: {
      specversion: { type: 'string', enum: ['1.0'] },
      type: { type: 'string', minLength: 1, description: 'Whatever the sender calls it.' },
      id: { type: 'string' },
      source: { type: 'string' },
      time: { type: 'string', format: 'date-time' },
      subject: { type: 'string' },
      data: { type: 'object', description: 'A UsageEvent; what the CloudEvent says may be left out.' },
    },
  },
});

export const usageBatchSchema = z.union([
  z.strictObject({ events: z.array(eventSchema).min(1).max(MAX_EVENTS) }).meta({ id: 'UsageBatch' }),
  z.array(cloudEventSchema).max(MAX_EVENTS).meta({
    id: 'UsageCloudEventsBatch',
    description: 'A batch of CloudEvents, which may be empty (CloudEvents, JSON format 4.1).',
  }),
]);

export const usageResultSchema = z
  .object({
    accepted: z.number().int(),
    duplicates: z.number().int().describe('Booked before, and counted once'),
    rejected: z.array(
      z.object({
        index: z.number().int().describe('Of the event in the batch, from 0'),
        id: z.string().nullable(),
        problem: z.object({
          type: z.enum(PROBLEM_CODES.map((code) => `/problems/${code}`) as [string, ...string[]]),
          title: z.string(),
          status: z.number().int(),
          detail: z.string(),
          errors: z.array(z.object({ path: z.string(), message: z.string() })),
        }),
      }),
    ),
  })
  .meta({ id: 'UsageResult' });

const price = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be a decimal number of at most 9 digits before and 6 after the point')
  .meta({ example: '2.50' });
const perMillion = z.strictObject(
  Object.fromEntries(ALL_TOKEN_KINDS.map((kind) => [kind, price.optional()])) as Record<
    TokenKind,
    z.ZodOptional<typeof price>
  >,
);
const modelName = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces')
  .meta({ example: 'gpt-4o' });

export const rateParams = z.object({ provider: modelName, model: modelName });

export const newRateSchema = z
  .strictObject({
    currency: currencySchema,
    per_million: perMillion
      .refine(
        (prices) => prices.input_tokens !== undefined || prices.output_tokens !== undefined,
        'must have a price of input_tokens or output_tokens',
      )
      .nullable()
      .describe(
        'Prices of a million tokens by kind; a kind that is left out costs what the kind that it is part of costs. null takes your own price back.',
      ),
    tiers: z
      .array(z.strictObject({ above_input_tokens: z.int().min(1), per_million: perMillion }))
      .max(10)
      .optional()
      .describe(
        'From a tier on, all tokens of the call cost the tier’s prices. A kind that a tier leaves out costs what it costs below that tier; one that has no price below it costs there what the kind that it is part of costs.',
      ),
    per_call: price.optional(),
    batch_factor: z
      .string()
      .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'must be a decimal number from 0 to 1')
      .optional()
      .describe('What is paid of each price where the batch API was used; 1 where it is left out'),
    effective_from: timestampSchema
      .optional()
      .describe(
        'In the past, it corrects what was booked since. Left out, a later version begins now. The first one begins with the oldest call that has no price, and where the public list does not know the model, 90 days back at the latest.',
      ),
  })
  .superRefine(({ per_million: base, tiers }, context) => {
    const kind = base && kindWithoutBase(base, tiers ?? []);
    if (kind)
      context.addIssue({
        code: 'custom',
        path: ['per_million', kind],
        message: 'must have a price, since a tier has one: what these tokens cost below the tier is not known',
      });
  })
  .meta({ id: 'NewRate' });

export const rateSchema = z
  .object({
    provider: z.string(),
    model: z.string(),
    version: z.number().int(),
    currency: z.string(),
    per_million: z.record(z.string(), z.string()).nullable(),
    tiers: z.array(z.object({ above_input_tokens: z.number().int(), per_million: z.record(z.string(), z.string()) })),
    per_call: z.string().nullable(),
    batch_factor: z.string(),
    effective_from: timestampOut,
    created_at: timestampOut,
  })
  .meta({ id: 'Rate' });

export const exchangeParams = z.object({ from: currencySchema, to: currencySchema });
export const newExchangeRateSchema = z
  .strictObject({
    rate: z
      .string()
      .regex(/^\d{1,9}(\.\d{1,12})?$/, 'must be a decimal number of at most 9 digits before and 12 after the point')
      .meta({ example: '0.92' })
      .refine((text) => /[1-9]/.test(text), 'must be more than 0')
      .describe('What one unit of `from` is in `to`'),
    effective_from: timestampSchema
      .optional()
      .describe(
        'In the past, it corrects what was booked since. Left out, a later version begins now. The first one of a pair begins 90 days back, or with the oldest call in `to` that has no price.',
      ),
  })
  .meta({ id: 'NewExchangeRate' });
export const exchangeRateSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    version: z.number().int(),
    rate: z.string(),
    effective_from: timestampOut,
    created_at: timestampOut,
  })
  .meta({ id: 'ExchangeRate' });
