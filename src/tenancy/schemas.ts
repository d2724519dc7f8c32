import { z } from 'zod';
import {
  aliasSchema,
  emailSchema,
  lineText,
  timestampOut,
  timestampSchema,
  timezoneSchema,
  uuidSchema,
} from '../platform/http/schemas.ts';
import { readOnly, takingBack } from '../platform/http/read-only.ts';
import { parseCurrency } from '../platform/currency.ts';
import { auditSettingsChangeSchema, auditSettingsSchema } from './audit-settings-schema.ts';
import { MOST_SHARES } from './rules/cost-division.ts';
import { SCOPES } from './rules/permissions.ts';
import { ROLES } from './rules/roles.ts';

export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD')
  .refine(isCurrency, 'is not a currency of ISO 4217')
  .meta({ example: 'USD' });

function isCurrency(code: string): boolean {
  try {
    return parseCurrency(code) === code;
  } catch {
    return false;
  }
}

/** A decimal number as text, never a float: up to 15 digits before the point and 12 after it. */
export const decimalSchema = z
  .string()
  .regex(
    /^\d{1,15}(\.\d{1,12})?$/,
    'must be a decimal number of at most 15 digits before and 12 after the point, without a sign',
  )
  .meta({ example: '1500.00' });

export const amountSchema = z.strictObject({ value: decimalSchema, currency: currencySchema }).meta({ id: 'Amount' });

export const roleSchema = z.enum(ROLES).meta({ id: 'Role' });
export const scopeSchema = z.enum(SCOPES).meta({ id: 'Scope' });

export const teamParams = z.object({ team: aliasSchema });
export const memberParams = z.object({ team: aliasSchema, user: aliasSchema });
export const userParams = z.object({ user: aliasSchema });
export const idParams = z.object({ id: uuidSchema });

export const newTeamSchema = z
  .strictObject({
    id: aliasSchema.optional().describe('An id of your choice; made by the server where you give none.'),
    name: lineText(200),
    parent_team_id: aliasSchema.optional(),
    timezone: timezoneSchema.optional(),
    currency: currencySchema.optional(),
  })
  .meta({ id: 'NewTeam' });

export const teamSchema = z
  .object({
    id: aliasSchema,
    name: z.string(),
    parent_team_id: aliasSchema.nullable(),
    timezone: z.string().nullable().describe('null: inherited from the parent team or the organization'),
    currency: z.string().nullable().describe('null: inherited from the parent team; USD at the top'),
    created_at: timestampOut,
  })
  .meta({ id: 'Team' });

export const newMemberSchema = z
  .strictObject({
    name: lineText(200),
    email: emailSchema,
    roles: z
      .array(roleSchema)
      .min(1)
      .max(ROLES.length)
      .refine((roles) => new Set(roles).size === roles.length, 'must not name a role twice'),
    manager_id: aliasSchema.nullish(),
  })
  .meta({ id: 'NewMember' });

export const memberSchema = z
  .object({
    user_id: aliasSchema.nullable(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    roles: z.array(roleSchema),
    manager_id: aliasSchema.nullable(),
    created_at: timestampOut,
    updated_at: timestampOut,
  })
  .meta({ id: 'Member', description: 'Personal fields are null once the person was erased.' });

export const newAbsenceSchema = z
  .strictObject({ from: timestampSchema, until: timestampSchema, delegate_user_id: aliasSchema })
  .meta({ id: 'NewAbsence' });
export const absenceSchema = z
  .object({ user_id: aliasSchema, from: timestampOut, until: timestampOut, delegate_user_id: aliasSchema.nullable() })
  .meta({ id: 'Absence' });

export const newKeySchema = z
  .strictObject({
    user_id: aliasSchema.optional().describe('The person the key acts as; only such a key can decide.'),
    service_name: lineText(100).optional().describe('What the key is for, where it belongs to no person.'),
    team_id: aliasSchema.optional().describe('Binds a service key to a team and its descendants.'),
    scopes: z.array(scopeSchema).min(1).max(SCOPES.length).optional().describe('One that is named twice counts once.'),
    expires_at: timestampSchema.optional(),
  })
  .refine(
    (key) => (key.user_id === undefined) !== (key.service_name === undefined),
    'needs either `user_id` or `service_name`',
  )
  .refine((key) => key.user_id === undefined || key.team_id === undefined, {
    path: ['team_id'],
    message: 'binds service keys only',
  })
  .meta({ id: 'NewApiKey' });

export const apiKeySchema = z
  .object({
    id: uuidSchema,
    kind: z.enum(['operator', 'owner', 'person', 'service']),
    user_id: aliasSchema.nullable(),
    service_name: z.string().nullable(),
    team_id: aliasSchema.nullable(),
    scopes: z.array(scopeSchema).describe('What it may at this moment'),
    expires_at: timestampOut.nullable(),
    created_at: timestampOut,
  })
  .meta({ id: 'ApiKey' });

export const madeKeySchema = apiKeySchema
  .extend({ key: z.string().nullable().describe('Shown this once.') })
  .meta({ id: 'MadeApiKey' });

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time such as 09:00');

export const newCalendarSchema = z
  .strictObject({
    timezone: timezoneSchema,
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .max(7)
      .refine((days) => new Set(days).size === days.length, 'must not name a day twice'),
    hours: z
      .strictObject({ from: clockTime, to: clockTime })
      .refine((hours) => hours.from < hours.to, '`from` must be earlier than `to`'),
    holidays: z.array(z.iso.date()).max(1000).default([]),
  })
  .meta({ id: 'NewCalendar' });

export const calendarSchema = z
  .object({
    name: aliasSchema,
    version: z.number().int(),
    timezone: z.string(),
    days: z.array(z.string()),
    hours: z.object({ from: z.string(), to: z.string() }),
    holidays: z.array(z.string()),
    created_at: timestampOut,
  })
  .meta({ id: 'Calendar' });

const monthDay = z
  .string()
  .regex(/^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'must be a month and day such as 04-01')
  .refine(
    (text) =>
      !Number.isNaN(Date.parse(`2024-${text}`)) &&
      new Date(`2024-${text}T00:00:00Z`).getUTCDate() === Number(text.slice(3)),
    'is no day of the year',
  );

const percent = (most: number) => z.number().min(0.01).max(most).multipleOf(0.01);
const modelSchema = lineText(200);

/** What bills show beside these settings. */
const billedAlerts = z.object({ current_alerts: readOnly(z.array(z.unknown())) });

const budgetAlertsChangeSchema = takingBack(
  z.strictObject({
    warning_threshold: percent(100).nullish().describe('Percent of a budget; 80 unless said otherwise'),
    exceeded_action: z.enum(['notify', 'require_approval', 'restrict', 'suspend']).nullish(),
    restrict_to_models: z
      .array(modelSchema)
      .max(100)
      .nullish()
      .describe('Under `restrict`, the models that may go on past the amount, with their dated snapshots'),
    hard_limit_percent: percent(1000)
      .min(100)
      .nullish()
      .describe('Under `restrict`, nothing goes past this; 110 unless said otherwise'),
    increase_percent: percent(1000)
      .nullish()
      .describe('How much more is asked for when the budget is used up; 20 unless said otherwise'),
  }),
  billedAlerts,
);

const budgetAlertsSchema = z.object({
  warning_threshold: z.number(),
  exceeded_action: z.string(),
  restrict_to_models: z.array(z.string()),
  hard_limit_percent: z.number(),
  increase_percent: z.number(),
});

export const organizationSettingsChangeSchema = z
  .strictObject({
    timezone: timezoneSchema.optional(),
    fiscal_year_start: monthDay.optional(),
    step_up_amount: amountSchema
      .nullish()
      .describe('From this amount on, the confirmation page asks for a code that is mailed separately. null: never.'),
    default_calendar: aliasSchema
      .nullish()
      .describe('The calendar that timeouts count in when a stage names none. null: plain time.'),
    audit: auditSettingsChangeSchema.nullish().describe('null: everything as by default'),
    budget_alerts: budgetAlertsChangeSchema
      .nullish()
      .describe('For the budgets of the whole organization, what `budget_alerts` of a team is for its own'),
  })
  .meta({ id: 'OrganizationSettingsChange' });

export const organizationSettingsSchema = z
  .object({
    timezone: z.string(),
    fiscal_year_start: z.string(),
    step_up_amount: z.object({ value: z.string(), currency: z.string() }).nullable(),
    default_calendar: z.string().nullable(),
    audit: auditSettingsSchema,
    budget_alerts: budgetAlertsSchema,
  })
  .meta({ id: 'OrganizationSettings' });

export const newOrganizationSchema = z.strictObject({ name: lineText(200) }).meta({ id: 'NewOrganization' });
export const madeOrganizationSchema = z
  .object({ id: uuidSchema, name: z.string(), owner_key: z.string().nullable().describe('Shown this once.') })
  .meta({ id: 'MadeOrganization' });

const threshold = z
  .union([z.number().min(0).max(999_999_999_999).multipleOf(0.000001), decimalSchema])
  .describe('In the team’s currency');

const distribution = z.enum(['usage_based', 'fixed', 'even']);

/** Any unit, such as percent: only the proportion counts. Null takes one of them back. */
function sharesAmong(sharer: z.ZodString) {
  return z
    .record(sharer, z.number().min(0).max(1_000_000).multipleOf(0.000001).nullable())
    .refine((shares) => Object.keys(shares).length <= MOST_SHARES, `must not name more than ${MOST_SHARES}`)
    .nullish();
}

/** Each is merged deeply: a member that is left out stays, null takes it back. */
const spendingSettings = {
  monthly_budget: z
    .union([z.number().min(0).max(999_999_999_999).multipleOf(0.000001), decimalSchema])
    .nullish()
    .describe('The amount of the team’s budget named `monthly`, in the team’s currency; null takes it back.'),
  budget_alerts: budgetAlertsChangeSchema.nullish(),
  cost_allocation: z
    .strictObject({
      method: distribution
        .nullish()
        .describe(
          'How a shared pool’s cost is divided: by what each team has spent itself, by fixed shares, or evenly',
        ),
      shares: sharesAmong(aliasSchema).describe(
        'The teams that share this team’s own cost, which makes it a shared pool, each with its share; the shares count under `fixed` only. It takes the permission to manage billing in each of them',
      ),
    })
    .nullish(),
  reporting: z
    .strictObject({
      frequency: z
        .enum(['weekly', 'monthly'])
        .nullish()
        .describe(
          'How often a usage report is mailed, in the morning after the period, in the team’s time zone; null: never',
        ),
      recipients: z
        .array(emailSchema)
        .max(50)
        .nullish()
        .describe(
          'Who gets usage reports and alerts, whatever else they may see. Naming them takes `billing:read` too.',
        ),
      include_member_breakdown: z
        .boolean()
        .nullish()
        .describe(
          'Whether reports say what each member has spent, and alerts of one member’s budget go to the recipients',
        ),
    })
    .nullish(),
  cost_center: lineText(100)
    .nullish()
    .describe('Where the team’s cost is charged to; the nearest parent’s where a team says nothing'),
  charge_back_method: distribution
    .nullish()
    .describe(
      'How the cost is divided among `charge_back_shares`: by what the teams of each cost centre have spent themselves, by fixed shares, or evenly',
    ),
  charge_back_shares: sharesAmong(lineText(100)).describe(
    'Several cost centres instead of `cost_center`, each with its share; the shares count under `fixed` only. Under `usage_based` it takes the permission to manage billing in the whole organization',
  ),
};

const inheritedSchema = z.object({ approval_hierarchy: z.boolean(), approval_hierarchy_mode: z.boolean() });

export const billingSettingsChangeSchema = z
  .strictObject({
    approval_hierarchy: z
      .array(z.strictObject({ role: roleSchema, threshold }))
      .min(1)
      .max(ROLES.length)
      .refine(
        (entries) => new Set(entries.map((entry) => entry.role)).size === entries.length,
        'must not name a role twice',
      )
      .nullish(),
    approval_hierarchy_mode: z.enum(['cumulative', 'authority']).nullish(),
    inherited: readOnly(inheritedSchema.partial().optional()).describe(
      'As it was read. What it calls inherited, and what comes with it as it was read, stays inherited',
    ),
    ...spendingSettings,
  })
  .meta({
    id: 'BillingSettingsChange',
    description:
      'What is left out stays as it is, also within `budget_alerts` and the like; null takes a setting back. Hierarchy and mode are inherited as one: a mode counts only beside a hierarchy of the same team.',
  });

export const billingSettingsSchema = z
  .object({
    approval_hierarchy: z.array(z.object({ role: roleSchema, threshold: z.number() })).nullable(),
    approval_hierarchy_mode: z.enum(['cumulative', 'authority']),
    inherited: readOnly(inheritedSchema).describe('Whether the value is a parent team’s, or the default'),
    monthly_budget: z.number().nullable(),
    budget_alerts: budgetAlertsSchema,
    cost_allocation: z.object({ method: z.string(), shares: z.record(z.string(), z.number()).optional() }),
    reporting: z.object({
      frequency: z.string().nullable(),
      recipients: z
        .array(z.string())
        .optional()
        .describe('People at their address of now; left out where the key may not read billing'),
      include_member_breakdown: z.boolean(),
    }),
    cost_center: z.string().nullable(),
    charge_back_method: z.string(),
    charge_back_shares: z.record(z.string(), z.number()),
  })
  .meta({ id: 'BillingSettings' });
