import { z } from 'zod';
import { parseDuration } from '../platform/duration.ts';
import {
  aliasSchema,
  lineText,
  longText,
  pageQuery,
  timestampOut,
  timestampSchema,
  timezoneSchema,
  uuidSchema,
} from '../platform/http/schemas.ts';
import { readOnly, takingBack } from '../platform/http/read-only.ts';
import { isWellFormed } from '../platform/well-formed.ts';
import { amountSchema, decimalSchema } from '../tenancy/schemas.ts';
import { EXCEEDED_ACTIONS, PERIOD_KINDS } from './rules.ts';

const MAX_TOKENS = 1_000_000_000;
/** A hold is for one call: whoever needs longer asks again. */
const LONGEST_TTL_S = 86_400;

const nameSchema = lineText(200);

export const teamBudgetParams = z.object({ team: aliasSchema, name: aliasSchema });
export const organizationBudgetParams = z.object({ name: aliasSchema });
export const budgetListQuery = z.strictObject(pageQuery);

const amountOut = z.object({ value: z.string(), currency: z.string() });

export const budgetSchema = z
  .object({
    name: readOnly(z.string()),
    scope: z.object({ user_id: z.string().nullish(), provider: z.string().optional(), model: z.string().optional() }),
    amount: amountOut,
    limit: readOnly(amountOut.describe('The amount with every override that holds')),
    settled: readOnly(
      amountOut.describe(
        'What was spent in the period, in the budget’s currency; from other currencies at your exchange rate of the moment of the spend',
      ),
    ),
    held: readOnly(amountOut.describe('By reservations; converted when they were made')),
    available: readOnly(amountOut),
    uncounted: readOnly(
      z
        .array(amountOut)
        .optional()
        .describe(
          'What was spent while there was no exchange rate to the budget’s currency; left out where there is none',
        ),
    ),
    period: z.enum(PERIOD_KINDS),
    timezone: z.string(),
    period_start: readOnly(timestampOut),
    period_end: readOnly(timestampOut),
    warning_threshold: z.number(),
    exceeded_action: z.enum(EXCEEDED_ACTIONS),
    state: readOnly(z.enum(['open', 'warning', 'exceeded', 'awaiting_approval', 'restricted', 'suspended'])),
  })
  .meta({ id: 'Budget' });

export const budgetChangeSchema = takingBack(
  z.strictObject({
    scope: z
      .strictObject({ user_id: aliasSchema.optional(), provider: nameSchema.optional(), model: nameSchema.optional() })
      .default({})
      .describe(
        'Only what this user spends, at this provider, with this model and its dated snapshots. Empty: everything.',
      ),
    amount: amountSchema,
    period: z.enum(PERIOD_KINDS),
    timezone: timezoneSchema.nullish().describe('In which the period begins; the team’s unless said otherwise'),
    warning_threshold: z
      .number()
      .min(0.01)
      .max(100)
      .multipleOf(0.01)
      .nullish()
      .describe('Percent of the amount; null: as `budget_alerts` of the team or the organization say'),
    exceeded_action: z
      .enum(EXCEEDED_ACTIONS)
      .nullish()
      .describe(
        '`notify` only tells; the others refuse what does not fit. null: as `budget_alerts` of the team or the organization say',
      ),
  }),
  budgetSchema,
  { id: 'BudgetChange' },
);

export const overrideSchema = z
  .strictObject({
    amount: amountSchema
      .describe('By how much the limit is raised')
      .refine(({ value }) => Number(value) > 0, { path: ['value'], message: 'must be more than nothing' }),
    until: timestampSchema
      .optional()
      .describe('Until then, and no longer than the period; the whole period unless said otherwise'),
    reason: longText(2000)
      .min(1)
      .refine((text) => text.trim() !== '', 'must not be blank'),
  })
  .meta({ id: 'BudgetOverride' });

const ttlSchema = z
  .string()
  .max(32)
  .default('PT5M')
  .refine(isTtl, 'must be an ISO 8601 duration from PT1S to P1D, such as PT5M')
  .describe('How long the amount is held where nobody settles or releases it');

function isTtl(text: string): boolean {
  try {
    const { days, seconds } = parseDuration(text);
    return days * 86_400 + seconds <= LONGEST_TTL_S;
  } catch {
    return false;
  }
}

const tokensSchema = z.int().min(0).max(MAX_TOKENS);

export const newReservationSchema = z
  .strictObject({
    id: aliasSchema
      .optional()
      .describe('An id of your choice: asked for again with the same content, it is the same reservation.'),
    team_id: aliasSchema,
    user_id: aliasSchema,
    provider: nameSchema.optional(),
    model: nameSchema.optional(),
    amount: amountSchema.optional(),
    max_input_tokens: tokensSchema.optional(),
    max_output_tokens: tokensSchema.optional(),
    ttl: ttlSchema,
  })
  .refine(
    ({ amount, max_input_tokens: input, max_output_tokens: output }) =>
      (amount === undefined) !== (input === undefined && output === undefined),
    {
      path: ['amount'],
      message: 'give either an amount or `max_input_tokens` and `max_output_tokens`',
    },
  )
  .refine(
    ({ amount, max_input_tokens: input, max_output_tokens: output }) =>
      amount !== undefined || (input !== undefined) === (output !== undefined),
    {
      path: ['max_output_tokens'],
      message: 'is required with `max_input_tokens`, and the other way round',
    },
  )
  .refine(({ amount }) => amount === undefined || Number(amount.value) > 0, {
    path: ['amount', 'value'],
    message: 'must be more than nothing',
  })
  .meta({ id: 'NewReservation' });

export const reservationSchema = z
  .object({ id: z.string(), amount: amountOut, expires_at: timestampOut })
  .meta({ id: 'Reservation' });

export const reservationParams = z.object({ id: aliasSchema });

export const settleSchema = z
  .strictObject({
    event: z
      .looseObject({ cost: z.strictObject({ value: decimalSchema, currency: z.string().max(3) }).optional() })
      .refine(isWellFormed, 'must be well-formed Unicode: half of a surrogate pair stands alone')
      .describe('A usage event, as `POST /api/v1/usage` takes it'),
  })
  .meta({ id: 'ReservationSettlement' });

export const settledSchema = z
  .object({
    id: z.string(),
    state: z.literal('settled'),
    cost: amountOut,
    late: z.boolean().describe('The reservation had expired or was released: the cost was booked all the same.'),
    above_hold: z.boolean().describe('More was spent than held: all of it was booked.'),
  })
  .meta({ id: 'SettledReservation' });

export const releasedSchema = z
  .object({ id: z.string(), state: z.enum(['released', 'expired', 'settled']) })
  .meta({ id: 'ReleasedReservation', description: 'What was settled or has expired before stays so.' });

/** An alert as callers see it. */
export const alertSchema = z
  .object({
    id: uuidSchema,
    type: z.enum(['budget_warning', 'budget_exceeded', 'budget_increase_impossible']),
    budget: z.string(),
    threshold: z.number().describe('Percent of the limit'),
    current_value: z.number().describe('Percent of the limit that was spent when the alert was made'),
    message: z.string(),
    created_at: timestampOut,
  })
  .meta({ id: 'BudgetAlert' });
