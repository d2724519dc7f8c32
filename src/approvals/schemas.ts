import { z } from 'zod';
import {
  aliasSchema,
  emailSchema,
  longText,
  lineText,
  pageQuery,
  timestampOut,
  uuidSchema,
} from '../platform/http/schemas.ts';
import { parseDuration } from '../platform/duration.ts';
import { isWellFormed } from '../platform/well-formed.ts';
import { amountSchema, decimalSchema, roleSchema } from '../tenancy/schemas.ts';

const MAX_STAGES = 20;
const MAX_APPROVERS = 50;
const MAX_CONTEXT_BYTES = 64 * 1024;
const MAX_CONTEXT_DEPTH = 12;

export const durationSchema = z
  .string()
  .max(32)
  .refine(
    isDuration,
    'must be an ISO 8601 duration from PT1S to P365D, such as PT4H or P3D; years, months and fractions are not taken',
  )
  .meta({ example: 'P3D' });

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}

const approverSchema = z
  .union([
    z.strictObject({ user_id: aliasSchema }),
    z.strictObject({ role: roleSchema }),
    z.strictObject({ email: emailSchema }),
  ])
  .meta({
    id: 'Approver',
    description:
      'One person by `user_id`, whoever holds a `role`, or a guest by `email`, who decides by the mailed link only.',
  });

const stageSchema = z
  .strictObject({
    name: lineText(100).optional(),
    approvers: z.array(approverSchema).min(1).max(MAX_APPROVERS),
    required: z.union([z.int().min(1).max(MAX_APPROVERS), z.literal('all'), z.literal('majority')]).default(1),
    timeout: durationSchema.optional(),
    calendar: aliasSchema
      .optional()
      .describe('Days and hours of `timeout` and `reminders` count working time of this calendar only.'),
    on_timeout: z.enum(['escalate', 'reject', 'approve']).optional().describe('`reject` unless said otherwise'),
    escalate_to: z.array(approverSchema).min(1).max(MAX_APPROVERS).optional(),
    reminders: z.array(durationSchema).max(10).optional(),
    when: z
      .strictObject({ amount_at_least: decimalSchema })
      .optional()
      .describe('The stage is left out where the amount is smaller.'),
  })
  .meta({ id: 'StageRule' });

export const chainSchema = z
  .strictObject({ stages: z.array(stageSchema).min(1).max(MAX_STAGES) })
  .meta({ id: 'Chain' });

type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };

const jsonValueSchema: z.ZodType<JsonValue> = z
  .lazy(() =>
    z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.null(),
      z.array(jsonValueSchema),
      z.record(z.string(), jsonValueSchema),
    ]),
  )
  .meta({ id: 'JsonValue' });

/** Zod leaves this name out of what it reads without a word; approvers would agree to something else than what was sent. */
const UNREADABLE_NAME = '__proto__';

const contextSchema = z
  .preprocess(refuseUnreadableName, z.record(z.string().max(200), jsonValueSchema))
  .refine((context) => depthOf(context) <= MAX_CONTEXT_DEPTH, `must not be nested deeper than ${MAX_CONTEXT_DEPTH}`)
  .refine(
    (context) => Buffer.byteLength(JSON.stringify(context)) <= MAX_CONTEXT_BYTES,
    `must not be larger than ${MAX_CONTEXT_BYTES} bytes`,
  )
  .refine(isWellFormed, 'must be well-formed Unicode: half of a surrogate pair stands alone')
  .meta({
    description: 'Whatever approvers should see along with the request. Material: a change asks everybody again.',
  });

function refuseUnreadableName(context: unknown, checked: z.RefinementCtx): unknown {
  const path = pathOfUnreadableName(context, MAX_CONTEXT_DEPTH);
  if (path !== null) checked.addIssue({ code: 'custom', path, message: 'must not be the name of a member' });
  return context;
}

/** @param depth how many levels to look through; what is nested deeper is refused for that */
function pathOfUnreadableName(value: unknown, depth: number): PropertyKey[] | null {
  if (value === null || typeof value !== 'object' || depth === 0) return null;
  if (Object.hasOwn(value, UNREADABLE_NAME)) return [UNREADABLE_NAME];
  for (const [name, member] of Object.entries(value)) {
    const path = pathOfUnreadableName(member, depth - 1);
    if (path !== null) return [Array.isArray(value) ? Number(name) : name, ...path];
  }
  return null;
}

function depthOf(value: unknown): number {
  return value !== null && typeof value === 'object' ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
}

const titleSchema = lineText(200);
const descriptionSchema = longText(10_000);

export const newApprovalSchema = z
  .strictObject({
    team_id: aliasSchema,
    kind: z.enum(['spend', 'policy', 'erasure', 'generic']),
    title: titleSchema,
    description: descriptionSchema.optional(),
    requester_id: aliasSchema.describe(
      'Members ask for themselves only; a service or an admin may name somebody else.',
    ),
    amount: amountSchema.optional(),
    context: contextSchema.optional(),
    chain: chainSchema.optional().describe('Without it, the team’s approval hierarchy makes one.'),
    expires_in: durationSchema.optional(),
  })
  .meta({ id: 'NewApproval' });

export const resubmissionSchema = z
  .strictObject({
    title: titleSchema.optional(),
    description: descriptionSchema.nullish(),
    amount: amountSchema.nullish(),
    context: contextSchema.nullish(),
    chain: chainSchema.optional(),
  })
  .meta({
    id: 'Resubmission',
    description:
      'What is left out stays. `amount`, `context` and `chain` are material: changing one starts a new revision and asks again.',
  });

const commentSchema = longText(4000);

export const decisionRequestSchema = z
  .strictObject({
    decision: z.enum(['approve', 'reject', 'request_changes']),
    comment: commentSchema.optional(),
    revision: z.int().min(1).optional().describe('The revision you have seen; a newer one refuses the decision.'),
  })
  .meta({ id: 'DecisionRequest' });

export const withdrawSchema = z.strictObject({ reason: commentSchema.optional() }).meta({ id: 'Withdrawal' });
export const reassignSchema = z
  .strictObject({
    from_user_id: aliasSchema.optional(),
    from_email: emailSchema.optional().describe('Instead of `from_user_id`, for a guest'),
    to_user_id: aliasSchema,
  })
  .refine(({ from_user_id, from_email }) => (from_user_id === undefined) !== (from_email === undefined), {
    path: ['from_user_id'],
    message: 'give either from_user_id or from_email',
  })
  .meta({ id: 'Reassignment' });
export const remindSchema = z.strictObject({}).meta({ id: 'Reminder' });

export const approvalParams = z.object({ id: uuidSchema });

export const approvalListQuery = z.strictObject({
  state: z.enum(['pending', 'approved', 'rejected', 'withdrawn', 'expired', 'changes_requested']).optional(),
  team_id: aliasSchema.optional(),
  approver_id: aliasSchema
    .optional()
    .describe('With `state=pending`: what waits for this person. Otherwise whatever they were asked in.'),
  requester_id: aliasSchema.optional(),
  ...pageQuery,
});

export const approvalReadQuery = z.strictObject({
  wait: durationSchema
    .optional()
    .describe(
      'With `If-None-Match`: answers as soon as it is no longer that version, or is closed; after 30 s at most.',
    ),
});

const decisionSchema = z
  .object({
    user_id: aliasSchema.nullable().describe('Null for a guest'),
    email: z.string().nullable(),
    decision: z.enum(['approve', 'reject', 'request_changes']),
    comment: z.string().nullable(),
    at: timestampOut,
    channel: z.enum(['api', 'link', 'page', 'system']),
    on_behalf_of: aliasSchema.nullable(),
  })
  .meta({ id: 'Decision' });

const askedSchema = z
  .object({ user_id: aliasSchema.nullable(), email: z.string().nullable(), reason: z.string() })
  .meta({ id: 'AskedApprover' });

const stageOut = z
  .object({
    index: z.int(),
    name: z.string(),
    state: z.enum(['waiting', 'open', 'approved', 'rejected', 'skipped', 'expired']),
    escalated: z.boolean(),
    required: z.int(),
    opened_at: timestampOut.nullable(),
    deadline_at: timestampOut.nullable(),
    approvers: z.array(askedSchema),
    decisions: z.array(decisionSchema),
  })
  .meta({ id: 'Stage' });

export const approvalSchema = z
  .object({
    id: uuidSchema,
    state: z.enum(['pending', 'approved', 'rejected', 'withdrawn', 'expired', 'changes_requested']),
    revision: z.int(),
    team_id: aliasSchema.nullable().describe('Null: the whole organization'),
    kind: z.enum(['spend', 'policy', 'erasure', 'generic']),
    title: z.string().nullable(),
    description: z.string().nullable(),
    context: z.record(z.string(), jsonValueSchema).nullable(),
    requester_id: aliasSchema.nullable(),
    amount: z.object({ value: z.string(), currency: z.string() }).nullable(),
    created_at: timestampOut,
    updated_at: timestampOut,
    expires_at: timestampOut.nullable(),
    decided_at: timestampOut.nullable(),
    outcome_reason: z.string().nullable(),
    stages: z.array(stageOut),
  })
  .meta({ id: 'Approval', description: 'Personal fields are null once the person was erased.' });

export const previewSchema = z
  .object({
    stages: z.array(stageOut),
    problems: z.array(z.object({ code: z.string(), stage: z.int().nullable(), message: z.string() })),
    outcome: z.string().nullable().describe('What the request would end with at once, where nobody has to be asked'),
  })
  .meta({ id: 'ApprovalPreview' });

export const timelineSchema = z
  .object({
    items: z.array(
      z
        .object({
          at: timestampOut,
          type: z.enum([
            'created',
            'stage_opened',
            'mailed',
            'reminded',
            'decided',
            'late_decision',
            'escalated',
            'reassigned',
            'changes_requested',
            'resubmitted',
            'withdrawn',
            'expired',
            'approved',
            'rejected',
          ]),
          stage: z.int().optional(),
          user_id: aliasSchema.nullable().optional(),
          channel: z.string().optional(),
          detail: z.string(),
        })
        .meta({ id: 'TimelineEntry' }),
    ),
  })
  .meta({ id: 'Timeline' });

export type NewApprovalBody = z.output<typeof newApprovalSchema>;
export type ChainBody = z.output<typeof chainSchema>;
export type ReassignmentBody = z.output<typeof reassignSchema>;
export type ResubmissionBody = z.output<typeof resubmissionSchema>;
