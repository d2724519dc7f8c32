import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../platform/database/tenant-table.ts';
import type { Actor, OutboxMessage } from '../platform/unit-of-work.ts';
import type { OutcomeReason } from './rules/events.ts';
import type { ApprovalStateName, Chain, Channel, DecisionKind, Reason, StageStateName } from './rules/model.ts';

export type ApprovalKind = 'spend' | 'policy' | 'erasure' | 'generic';

const money = () => p.decimal('string').columnType('numeric(38,12)');

export const ApprovalRow = defineEntity({
  name: 'ApprovalRow',
  tableName: 'approvals',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'id'] }],
  indexes: [
    { properties: ['organization', 'state', 'id'] },
    { properties: ['team', 'id'] },
    { properties: ['requester', 'id'] },
    { properties: ['creator', 'id'] },
    { properties: ['creatorKey', 'id'] },
  ],
  properties: {
    ...tenantColumns,
    /** The whole organization is the team whose id is the organization's. */
    team: p.uuid().fieldName('team_id'),
    kind: p.string().$type<ApprovalKind>(),
    requester: p.uuid().fieldName('requester_id'),
    /** The person who made the request, where a person did; never decides on it. */
    creator: p.uuid().fieldName('creator_id').nullable(),
    creatorKey: p.uuid().fieldName('creator_key_id').nullable(),
    state: p.string().$type<ApprovalStateName>(),
    revision: p.integer().default(1),
    /** Grows with every change: the ETag, and what a waiting reader compares. */
    version: p.integer().default(1),
    amount: money().nullable(),
    currency: p.string().nullable(),
    chain: p.json<Chain>(),
    /** `ApprovalDetails` as JSON, sealed under the requester's key. */
    details: p.blob(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    decidedAt: p.datetime().nullable(),
    expiresAt: p.datetime().nullable(),
    outcome: p.json<OutcomeReason>().nullable(),
    /** The intent that ended it, whose words say why. */
    outcomeIntent: p.uuid().fieldName('outcome_intent_id').nullable(),
    /** The person whom it is for, where somebody else asked; never decides on it. */
    beneficiary: p.uuid().fieldName('beneficiary_id').nullable(),
    /** What goes into the outbox when it is closed, for the service that asked; not where that takes it back itself. */
    onClosed: p.json<Pick<OutboxMessage, 'channel' | 'reference'>>().nullable(),
  },
});
export type ApprovalRow = InferEntity<typeof ApprovalRow>;

/** What a request said before it was resubmitted; of one revision several times, where only words were changed. */
export const ApprovalRevision = defineEntity({
  name: 'ApprovalRevision',
  tableName: 'approval_revisions',
  ...tenantTable(),
  indexes: [{ properties: ['approval', 'revision'] }],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    revision: p.integer(),
    amount: money().nullable(),
    chain: p.json<Chain>(),
    details: p.blob(),
    replacedAt: p.datetime(),
  },
});

export const StageRow = defineEntity({
  name: 'StageRow',
  tableName: 'approval_stages',
  ...tenantTable(),
  uniques: [{ properties: ['approval', 'revision', 'index'] }],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    revision: p.integer(),
    index: p.integer().fieldName('stage_index'),
    state: p.string().$type<StageStateName>(),
    escalated: p.boolean().default(false),
    required: p.integer(),
    openedAt: p.datetime().nullable(),
    deadlineAt: p.datetime().nullable(),
    /** When those who have not answered are reminded, counted when the stage opened (ISO 8601). */
    remindAt: p.json<readonly string[]>(),
  },
});
export type StageRow = InferEntity<typeof StageRow>;

/** Who is (or was) asked in a stage. `pending` is the inbox: asked, undecided, and the stage is open. */
export const AskRow = defineEntity({
  name: 'AskRow',
  tableName: 'approval_asks',
  ...tenantTable(),
  uniques: [{ properties: ['approval', 'revision', 'stage', 'person'] }],
  indexes: [
    { name: 'approval_asks_inbox', properties: ['person', 'approval'], where: 'pending' },
    { name: 'approval_asks_person', properties: ['person', 'approval'] },
    { name: 'approval_asks_on_behalf_of', properties: ['onBehalfOf', 'approval'], where: 'on_behalf_of is not null' },
  ],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    revision: p.integer(),
    stage: p.integer().fieldName('stage_index'),
    person: p.uuid().fieldName('person_id'),
    onBehalfOf: p.uuid().nullable(),
    reason: p.json<Reason>(),
    pending: p.boolean(),
    askedAt: p.datetime(),
  },
});
export type AskRow = InferEntity<typeof AskRow>;

/** A decision; its id is the intent's. `counts` is false for one that came late or was overtaken by a resubmission. */
export const DecisionRow = defineEntity({
  name: 'DecisionRow',
  tableName: 'approval_decisions',
  ...tenantTable(),
  indexes: [{ properties: ['approval'] }, { properties: ['person'] }],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    revision: p.integer(),
    stage: p.integer().fieldName('stage_index').nullable(),
    person: p.uuid().fieldName('person_id'),
    onBehalfOf: p.uuid().nullable(),
    decision: p.string().$type<DecisionKind>(),
    /** Sealed under the key of the person who decided. */
    comment: p.blob().nullable(),
    channel: p.string().$type<Channel>(),
    counts: p.boolean(),
    at: p.datetime(),
  },
});
export type DecisionRow = InferEntity<typeof DecisionRow>;

/** What happened, in order, as it is shown. */
export const TimelineRow = defineEntity({
  name: 'TimelineRow',
  tableName: 'approval_timeline',
  ...tenantTable(),
  indexes: [{ properties: ['approval', 'at', 'seq'] }],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    at: p.datetime(),
    /** Orders what happened at the same moment. */
    seq: p.integer(),
    type: p.string(),
    stage: p.integer().fieldName('stage_index').nullable(),
    person: p.uuid().fieldName('person_id').nullable(),
    channel: p.string().nullable(),
    /** Words and numbers of ours; what somebody wrote stands with their intent. */
    detail: p.text(),
    intent: p.uuid().fieldName('intent_id').nullable(),
  },
});
export type TimelineRow = InferEntity<typeof TimelineRow>;

export type IntentKind = 'decide' | 'withdraw' | 'reassign' | 'resubmit' | 'remind' | 'refresh';

/**
 * What somebody was told is accepted, before the workflow carries it out. It stays `pending` until then, so that neither a
 * worker that is down nor a crash loses it; the Update carries its id only.
 */
export const IntentRow = defineEntity({
  name: 'IntentRow',
  tableName: 'approval_intents',
  ...tenantTable(),
  indexes: [{ properties: ['approval'], where: "state = 'pending'" }],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    kind: p.string().$type<IntentKind>(),
    actor: p.json<Actor>(),
    person: p.uuid().fieldName('person_id').nullable(),
    channel: p.string().$type<Channel>(),
    requestId: p.string().nullable(),
    /** Opaque ids and codes; its shape follows `kind`. */
    command: p.json<Readonly<Record<string, string | number | boolean | null>>>(),
    /** What was written along with it (a comment, a reason, new details), sealed under the writer's key. */
    text: p.blob().nullable(),
    /** Where the request came from (`RequestSource` as JSON), sealed for the audit log. */
    source: p.blob().nullable(),
    state: p.string().$type<'pending' | 'applied' | 'refused'>(),
    refusal: p.string().nullable(),
    createdAt: p.datetime(),
    settledAt: p.datetime().nullable(),
  },
});
export type IntentRow = InferEntity<typeof IntentRow>;

/** A mailed link: bound to request, revision, stage and approver. Its token's hash stands in the directory. */
export const LinkRow = defineEntity({
  name: 'LinkRow',
  tableName: 'approval_links',
  ...tenantTable(),
  indexes: [{ properties: ['approval'] }, { properties: ['person'] }],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    revision: p.integer(),
    stage: p.integer().fieldName('stage_index'),
    person: p.uuid().fieldName('person_id'),
    createdAt: p.datetime(),
    usedAt: p.datetime().nullable(),
    /** From then on it decides nothing: it lies in a mailbox that is no longer its person's. */
    supersededAt: p.datetime().nullable(),
  },
});
export type LinkRow = InferEntity<typeof LinkRow>;

/** A code that was mailed on request, asked for above the organization's `step_up_amount`. */
export const StepUpCode = defineEntity({
  name: 'StepUpCode',
  tableName: 'step_up_codes',
  ...tenantTable(),
  indexes: [{ properties: ['approval', 'person'] }],
  properties: {
    ...tenantColumns,
    approval: p.uuid().fieldName('approval_id'),
    person: p.uuid().fieldName('person_id'),
    /** The link or the session it was asked for through, and the only one that it is good for. */
    door: p.uuid().fieldName('door_id'),
    hash: p.blob(),
    attempts: p.integer().default(0),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
  },
});
export type StepUpCode = InferEntity<typeof StepUpCode>;
