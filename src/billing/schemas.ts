import { z } from 'zod';
import { alertSchema, budgetSchema } from '../budgets/schemas.ts';
import { amountOut, timestampOut, timestampSchema } from '../platform/http/schemas.ts';
import { TOKEN_COLUMNS, type TokenColumn } from '../usage/rules/token-kinds.ts';
import { ALLOCATION_METHODS } from '../usage/rules/allocation.ts';
import { CATEGORIES } from './rules/recommendations/model.ts';

const periodSchema = z
  .string()
  .regex(/^20\d{2}-(0[1-9]|1[0-2])$/, 'must be a year and month such as 2026-11')
  .meta({ example: '2026-11' });

export const billQuery = z.strictObject({
  period: periodSchema.optional().describe('The month that it begins in; the current one where it is left out'),
  descendants: z.enum(['true', 'false']).optional().describe('Whether the teams below count too'),
});

const whole = z.number().int();
const shareOut = z
  .object({ cost: z.number(), requests: whole, amount: amountOut })
  .meta({ id: 'BillShare', description: 'In the team’s currency' });
const intervalOut = z.array(z.number()).length(2).describe('From and to');

const billingPeriodSchema = z
  .object({
    period: z.string(),
    start: timestampOut,
    end: timestampOut.describe('No longer belongs to it'),
    timezone: z.string(),
    state: z.enum(['past', 'current', 'future']),
    total_cost: z.number(),
    amount: amountOut,
    total_requests: whole,
    failed_requests: whole,
    unpriced_requests: whole.describe('Without a price as yet; not in the cost'),
    tokens: z.object(
      Object.fromEntries(TOKEN_COLUMNS.map((kind) => [kind, whole])) as Record<TokenColumn, typeof whole>,
    ),
    breakdown_by_provider: z
      .record(z.string(), shareOut)
      .describe('The 50 dearest; the others stand together as `(all others)`'),
    breakdown_by_model: z
      .record(z.string(), shareOut.extend({ providers: z.array(z.string()) }))
      .describe('The 200 dearest; the others stand together as `(all others)`'),
    breakdown_by_member: z
      .record(z.string(), shareOut)
      .describe(
        'By user id, the 1,000 dearest; the others stand together as `(all others)`, and those who were erased as `(erased)`',
      ),
    other_currencies: z.array(amountOut).describe('What teams below have spent in other currencies; not in the cost'),
  })
  .meta({ id: 'BillingPeriod' });

const chargesSchema = z
  .object({
    charged: amountOut.describe('What was spent, less what the team’s pool hands on, and what pools hand on to it'),
    allocations: z.array(
      z.object({
        from_team_id: z.string(),
        to_team_id: z.string(),
        method: z.enum(ALLOCATION_METHODS),
        amount: amountOut,
      }),
    ),
    cost_centers: z
      .array(z.object({ cost_center: z.string().nullable(), amount: amountOut }))
      .describe('Add up to what is charged. null: no cost centre was named'),
  })
  .meta({ id: 'BillCharges' });

const alertsSchema = z
  .object({
    warning_threshold: z.number(),
    exceeded_action: z.string(),
    restrict_to_models: z.array(z.string()),
    hard_limit_percent: z.number(),
    increase_percent: z.number(),
    current_alerts: z.array(alertSchema),
  })
  .meta({ id: 'BudgetAlerts' });

export const projectionSchema = z
  .object({
    projected_cost: z.number().describe('At the end of the period; as likely more as less'),
    currency: z.string(),
    interval_80: intervalOut,
    interval_95: intervalOut,
    confidence: z.number().min(0).max(1).describe('From 0 (a guess) to 1 (certain)'),
    confidence_level: z.enum(['low', 'medium', 'high']),
    based_on_days: whole,
    budget: amountOut.nullable().describe('The tightest limit on everything that the team spends in the period'),
    probability_of_exceeding: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe('Of what the budget counts. null: there is no such budget, or teams below spend other currencies'),
    trend: z.enum(['increasing', 'stable', 'decreasing']),
  })
  .meta({ id: 'CostProjection' });

export const recommendationSchema = z
  .object({
    priority: z.enum(['high', 'medium', 'low']),
    category: z.enum(CATEGORIES),
    from: z.object({ provider: z.string(), model: z.string() }),
    to: z.object({ provider: z.string(), model: z.string() }).optional(),
    estimated_monthly_savings: z.number().describe('In the team’s currency, over a whole billing period'),
    interval: intervalOut,
    implementation_effort: z.enum(['easy', 'moderate', 'hard']),
    message: z.string().describe('What was looked at, and what is assumed'),
  })
  .meta({ id: 'CostRecommendation' });

export const billSchema = z
  .object({
    team_id: z.string(),
    currency: z.string(),
    descendants: z.boolean(),
    billing_period: billingPeriodSchema,
    charges: chargesSchema,
    budgets: z.array(budgetSchema).describe('As they stood at the end of the period, or stand now'),
    budget_alerts: alertsSchema,
    projection: projectionSchema,
    recommendations: z
      .array(recommendationSchema)
      .describe('The most urgent first. Savings of several do not add up: they are of the same calls'),
  })
  .meta({ id: 'TeamBill' });

export const EXPORT_FORMATS = ['csv', 'json', 'focus'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const exportFields = {
  format: z.enum(EXPORT_FORMATS).describe('`focus`: CSV with the columns of FOCUS 1.2'),
  period: periodSchema.optional().describe('The month that it begins in; the current one where nothing is said'),
  from: timestampSchema.optional().describe('Instead of `period`, together with `to`'),
  to: timestampSchema.optional().describe('No longer belongs to it'),
};

function isOneTime({ period, from, to }: { period?: unknown; from?: unknown; to?: unknown }): boolean {
  return period === undefined ? (from === undefined) === (to === undefined) : from === undefined && to === undefined;
}
const ONE_TIME = { path: ['period'], message: 'give either `period`, or `from` and `to`, or nothing of it' };

export const teamExportSchema = z
  .strictObject({
    ...exportFields,
    descendants: z.boolean().default(false).describe('Whether the teams below count too'),
  })
  .refine(isOneTime, ONE_TIME)
  .meta({ id: 'TeamChargeExport' });

export const organizationExportSchema = z
  .strictObject(exportFields)
  .refine(isOneTime, ONE_TIME)
  .meta({ id: 'OrganizationChargeExport' });

export const chargeCsvSchema = z.string().describe('CSV (RFC 4180) with a header line');

export const chargeJsonSchema = z
  .object({
    from: timestampOut,
    to: timestampOut,
    items: z.array(
      z.object({
        kind: z.enum(['usage', 'allocation', 'charge_back']),
        start: timestampOut,
        end: timestampOut,
        period: z.string(),
        cost_center: z.string().nullable(),
        team_id: z.string(),
        provider: z.string().nullable(),
        model: z.string().nullable(),
        requests: whole,
        input_tokens: whole,
        cached_input_tokens: whole,
        output_tokens: whole,
        amount: amountOut,
      }),
    ),
    totals: z.array(amountOut).describe('Of all items, by currency'),
  })
  .meta({ id: 'ChargeExport' });
