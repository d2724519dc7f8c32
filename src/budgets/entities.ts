import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../platform/database/tenant-table.ts';
import type { AlertType, ExceededAction, MeasureKind, MeasureState, PeriodKind } from './rules/model.ts';

const money = () => p.decimal('string').columnType('numeric(38,12)');

/** What may be spent in each period. The whole organization is the team whose id is the organization's. */
export const Budget = defineEntity({
  name: 'Budget',
  tableName: 'budgets',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'id'] }, { properties: ['organization', 'team', 'name'] }],
  indexes: [{ name: 'budgets_due', properties: ['dueAt'], where: 'retired_at is null' }],
  properties: {
    ...tenantColumns,
    team: p.uuid().fieldName('team_id'),
    /** Where set, only what this person spends counts; provider and model likewise. */
    person: p.uuid().fieldName('person_id').nullable(),
    provider: p.text().nullable(),
    model: p.text().nullable(),
    name: p.string(),
    amount: money(),
    currency: p.text(),
    period: p.string().$type<PeriodKind>(),
    /** Null: the team's, as it is inherited. */
    timezone: p.string().nullable(),
    /** Percent of the limit. Null: as the team's billing settings say; `exceededAction` likewise. */
    warningThreshold: p.decimal('string').columnType('numeric(7,2)').nullable(),
    exceededAction: p.string().$type<ExceededAction>().nullable(),
    version: p.integer().default(1),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    /** Taken back: holds nobody up any more, and keeps its history. */
    retiredAt: p.datetime().nullable(),
    /** When its next period begins, or an override ends before that: its account is brought up to date then. */
    dueAt: p.datetime().nullable(),
    /** Whether what was spent has to be asked for again then. */
    countAnew: p.boolean().default(false),
  },
});
export type Budget = InferEntity<typeof Budget>;

/** One row per organization (its id is the organization's): a list of budgets that was read at another version is out of date. */
export const BudgetBook = defineEntity({
  name: 'BudgetBook',
  tableName: 'budget_books',
  ...tenantTable(),
  properties: { ...tenantColumns, version: p.integer() },
});
export type BudgetBook = InferEntity<typeof BudgetBook>;

/** The account of one budget in one period: the row that is locked. It holds everything that a reservation is judged by. */
export const BudgetPeriod = defineEntity({
  name: 'BudgetPeriod',
  tableName: 'budget_periods',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'id'] }, { properties: ['budget', 'startsAt', 'endsAt'] }],
  indexes: [{ name: 'budget_periods_recall_due', properties: ['id'], where: 'recall_due' }],
  properties: {
    ...tenantColumns,
    budget: p.uuid().fieldName('budget_id'),
    currency: p.text(),
    startsAt: p.datetime(),
    endsAt: p.datetime(),
    /** The budget's amount with every override that holds. */
    limitAmount: money(),
    /** When the next override ends, and the limit has to be counted again. */
    limitUntil: p.datetime().nullable(),
    warnAt: money().nullable(),
    exceededAction: p.string().$type<ExceededAction>(),
    /** Models that may go on past the limit, as far as `ceiling`. */
    freeModels: p.array(),
    ceiling: money(),
    settled: money(),
    /** Besides its own, what something was spent in, whether there was an exchange rate or not. */
    otherCurrencies: p.array().default([]),
    held: money().default('0'),
    /** The sum of what its leases were granted. */
    leased: money().default('0'),
    /** How many teams spend from it; 0: too few to lease parts of it. */
    shares: p.integer().default(0),
    /** Whether parts are leased at the moment. */
    escrow: p.boolean().default(false),
    /** Whether parts have to be recalled before anything else is reserved from them. */
    recallDue: p.boolean().default(false),
    /** Highest crossing that was told: 1 the warning threshold, 2 the limit. */
    noted: p.integer().default(0),
    /** The first reservation that was refused since the limit was raised last. */
    refusedAt: p.datetime().nullable(),
    refusedAmount: money().nullable(),
    /** What the enforcement has taken: see `BudgetMeasure`. */
    measure: p.string().$type<MeasureKind>().nullable(),
    createdAt: p.datetime(),
  },
});
export type BudgetPeriod = InferEntity<typeof BudgetPeriod>;

/** A part of a period's limit that one team may spend from without asking for the rest. */
export const BudgetLease = defineEntity({
  name: 'BudgetLease',
  tableName: 'budget_leases',
  ...tenantTable(),
  uniques: [{ properties: ['period', 'team'] }],
  properties: {
    ...tenantColumns,
    period: p.uuid().fieldName('period_id'),
    team: p.uuid().fieldName('team_id'),
    granted: money().default('0'),
    settled: money().default('0'),
    held: money().default('0'),
  },
});
export type BudgetLease = InferEntity<typeof BudgetLease>;

/** More for one period, by somebody who may, with a reason. */
export const BudgetOverride = defineEntity({
  name: 'BudgetOverride',
  tableName: 'budget_overrides',
  ...tenantTable(),
  indexes: [{ properties: ['period'] }],
  properties: {
    ...tenantColumns,
    budget: p.uuid().fieldName('budget_id'),
    period: p.uuid().fieldName('period_id'),
    amount: money(),
    /** Null: until the period ends. */
    until: p.datetime().nullable(),
    /** Sealed for whoever wrote it. */
    reason: p.blob(),
    actor: p.uuid().fieldName('actor_id').nullable(),
    /** The approval that granted it, where one did. */
    approval: p.uuid().fieldName('approval_id').nullable(),
    createdAt: p.datetime(),
  },
});
export type BudgetOverride = InferEntity<typeof BudgetOverride>;

/** Money that is held for one call. */
export const Reservation = defineEntity({
  name: 'Reservation',
  tableName: 'reservations',
  ...tenantTable(),
  indexes: [{ name: 'reservations_held', properties: ['expiresAt', 'organization'], where: "state = 'held'" }],
  properties: {
    ...tenantColumns,
    /** Keyed hash of what was asked for: the same id with other content is refused. */
    request: p.blob(),
    team: p.uuid().fieldName('team_id'),
    person: p.uuid().fieldName('person_id'),
    provider: p.text().nullable(),
    model: p.text().nullable(),
    amount: money(),
    currency: p.text(),
    state: p.string().$type<'held' | 'settled' | 'released' | 'expired'>().default('held'),
    /** Where the amount is held, as ids of periods and of leases. */
    periods: p.array().columnType('uuid[]'),
    /** Of the first of its periods: what its amount was converted with there. None: all of them are in its currency. */
    rates: p.array().columnType('numeric[]').nullable(),
    leases: p.array().columnType('uuid[]'),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    closedAt: p.datetime().nullable(),
    /** Keyed hash of the event it was settled with. */
    settlement: p.blob().nullable(),
    cost: money().nullable(),
    late: p.boolean().default(false),
    aboveHold: p.boolean().default(false),
  },
});
export type Reservation = InferEntity<typeof Reservation>;

/**
 * A step of the enforcement, from before it is taken until it is undone. One that is undone before it was taken is there as
 * well: an attempt that comes late finds it, and does nothing.
 */
export const BudgetMeasure = defineEntity({
  name: 'BudgetMeasure',
  tableName: 'budget_measures',
  ...tenantTable(),
  uniques: [{ name: 'budget_measures_in_force', properties: ['period'], where: "state = 'in_force'" }],
  indexes: [{ properties: ['period'] }],
  properties: {
    ...tenantColumns,
    period: p.uuid().fieldName('period_id'),
    kind: p.string().$type<MeasureKind>(),
    state: p.string().$type<MeasureState>(),
    /** Of `awaiting_approval`: what was asked, and for how much. */
    approval: p.uuid().fieldName('approval_id').nullable(),
    amount: money().nullable(),
    createdAt: p.datetime(),
    endedAt: p.datetime().nullable(),
  },
});
export type BudgetMeasure = InferEntity<typeof BudgetMeasure>;

/** That a budget crossed something, told once. Its id is the crossing's. */
export const BudgetAlert = defineEntity({
  name: 'BudgetAlert',
  tableName: 'budget_alerts',
  ...tenantTable(),
  indexes: [{ name: 'budget_alerts_current', properties: ['budget'], where: 'acknowledged_at is null' }],
  properties: {
    ...tenantColumns,
    budget: p.uuid().fieldName('budget_id'),
    period: p.uuid().fieldName('period_id'),
    type: p.string().$type<AlertType>(),
    /** Percent of the limit. */
    threshold: p.decimal('string').columnType('numeric(7,2)'),
    /** What was settled, and the limit, when it was told. */
    spent: money(),
    limitAmount: money(),
    createdAt: p.datetime(),
    acknowledgedAt: p.datetime().nullable(),
    acknowledgedBy: p.uuid().fieldName('acknowledged_by_id').nullable(),
  },
});
export type BudgetAlert = InferEntity<typeof BudgetAlert>;
