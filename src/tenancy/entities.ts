import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../platform/database/tenant-table.ts';
import type { AlertSettings } from './rules/alert-settings.ts';
import type { AuditSettings } from './rules/audit-settings.ts';
import type { Weekday } from './rules/business-time.ts';
import type { CostSettings } from './rules/cost-division.ts';
import type { Role } from './rules/roles.ts';

export interface OrganizationSettings {
  readonly timezone?: string;
  readonly fiscal_year_start?: string;
  readonly step_up_amount?: { readonly value: string; readonly currency: string } | null;
  readonly default_calendar?: string | null;
  readonly audit?: AuditSettings;
  /** For the budgets of the whole organization. */
  readonly budget_alerts?: Partial<AlertSettings>;
}

export const Organization = defineEntity({
  name: 'Organization',
  tableName: 'organizations',
  ...tenantTable([], 'id'),
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    settings: p.json<OrganizationSettings>(),
    version: p.integer().default(1),
    createdAt: p.datetime(),
  },
});
export type Organization = InferEntity<typeof Organization>;

export const Team = defineEntity({
  name: 'Team',
  tableName: 'teams',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'id'] }, { properties: ['organization', 'alias'] }],
  indexes: [{ properties: ['parent'] }],
  properties: {
    ...tenantColumns,
    /** The id as callers know it. */
    alias: p.string(),
    name: p.text(),
    parent: p.uuid().fieldName('parent_id').nullable(),
    timezone: p.string().nullable(),
    currency: p.string().nullable(),
    createdAt: p.datetime(),
  },
});
export type Team = InferEntity<typeof Team>;

/** A user of the organization, a guest who is known by an address only, or Countersign itself, in whose name services ask. */
export const Person = defineEntity({
  name: 'Person',
  tableName: 'people',
  ...tenantTable(),
  uniques: [
    { properties: ['organization', 'id'] },
    { properties: ['organization', 'aliasHash'] },
    { properties: ['organization', 'emailHash'] },
  ],
  indexes: [{ name: 'people_inactive', properties: ['organization'], where: 'not active' }],
  properties: {
    ...tenantColumns,
    kind: p.string().$type<'user' | 'guest' | 'service'>(),
    aliasHash: p.blob().nullable(),
    emailHash: p.blob().nullable(),
    /** `PersonProfile` as JSON, sealed under the person's own key. */
    profile: p.blob(),
    active: p.boolean().default(true),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type Person = InferEntity<typeof Person>;

/** The roles of one person in one team. The organization's root is the team whose id is the organization's. */
export const Membership = defineEntity({
  name: 'Membership',
  tableName: 'memberships',
  ...tenantTable(),
  uniques: [{ properties: ['team', 'person'] }],
  indexes: [{ properties: ['person'] }],
  properties: {
    ...tenantColumns,
    team: p.uuid().fieldName('team_id'),
    person: p.uuid().fieldName('person_id'),
    roles: p.array().$type<Role[]>(),
    manager: p.uuid().fieldName('manager_id').nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type Membership = InferEntity<typeof Membership>;

export const AbsenceRow = defineEntity({
  name: 'AbsenceRow',
  tableName: 'absences',
  ...tenantTable(),
  uniques: [{ properties: ['person'] }],
  indexes: [{ properties: ['organization', 'until'] }],
  properties: {
    ...tenantColumns,
    person: p.uuid().fieldName('person_id'),
    from: p.datetime().fieldName('absent_from'),
    until: p.datetime().fieldName('absent_until'),
    delegate: p.uuid().fieldName('delegate_id'),
    createdAt: p.datetime(),
  },
});
export type AbsenceRow = InferEntity<typeof AbsenceRow>;

export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  ...tenantTable(),
  uniques: [{ properties: ['hash'] }],
  indexes: [{ properties: ['person'] }],
  properties: {
    ...tenantColumns,
    /** SHA-256 of the key; the key itself is shown once and kept nowhere. */
    hash: p.blob(),
    kind: p.string().$type<'operator' | 'owner' | 'person' | 'service'>(),
    person: p.uuid().fieldName('person_id').nullable(),
    serviceName: p.text().nullable(),
    /** A service key that is bound to a team acts there and in its descendants only. */
    team: p.uuid().fieldName('team_id').nullable(),
    scopes: p.array(),
    /** Whether an owner made it, or such a key of the person's own: nobody else has it who would become an owner with them. */
    madeByOwner: p.boolean().default(false),
    expiresAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
    createdAt: p.datetime(),
  },
});
export type ApiKey = InferEntity<typeof ApiKey>;

/** Every change of a calendar is a new version; a deadline names the version it was counted with. */
export const CalendarVersion = defineEntity({
  name: 'CalendarVersion',
  tableName: 'calendar_versions',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'name', 'version'] }],
  properties: {
    ...tenantColumns,
    name: p.string(),
    version: p.integer(),
    timezone: p.string(),
    days: p.array().$type<Weekday[]>(),
    hours: p.json<{ from: string; to: string }>(),
    holidays: p.array(),
    createdAt: p.datetime(),
  },
});
export type CalendarVersion = InferEntity<typeof CalendarVersion>;

export interface BillingSettingsDocument extends CostSettings {
  readonly approval_hierarchy?: readonly { readonly role: Role; readonly threshold: string }[];
  readonly approval_hierarchy_mode?: 'cumulative' | 'authority';
  readonly budget_alerts?: Partial<AlertSettings>;
  readonly reporting?: {
    readonly frequency?: 'weekly' | 'monthly';
    /** Unset where nobody is named. */
    readonly sealed_recipients?: string;
    readonly include_member_breakdown?: boolean;
  };
}

/** A team's billing settings; what is not set is inherited from the parent team. */
export const BillingSettings = defineEntity({
  name: 'BillingSettings',
  tableName: 'billing_settings',
  ...tenantTable(),
  uniques: [{ properties: ['team'] }],
  properties: {
    ...tenantColumns,
    team: p.uuid().fieldName('team_id'),
    settings: p.json<BillingSettingsDocument>(),
    version: p.integer().default(1),
    updatedAt: p.datetime(),
    /** Since when frequency, recipients and calendar of reports are what they are: nothing from before is made up for. */
    reportingSince: p.datetime().nullable(),
  },
});
export type BillingSettings = InferEntity<typeof BillingSettings>;

/** What a team's billing settings say of who bears its cost, from a moment on. Added to and never changed. */
export const CostSettingsVersion = defineEntity({
  name: 'CostSettingsVersion',
  tableName: 'cost_settings_versions',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'team', 'version'] }],
  indexes: [{ name: 'cost_settings_versions_pools', properties: ['organization'], where: 'sharers is not null' }],
  properties: {
    ...tenantColumns,
    team: p.uuid().fieldName('team_id'),
    /** Of the billing settings. */
    version: p.integer(),
    settings: p.json<CostSettings>(),
    /** The teams that share its cost, by the ids that callers gave them: how a pool is found from one of them. Null: it is none. */
    sharers: p.array().nullable(),
    holdsFrom: p.datetime(),
  },
});
export type CostSettingsVersion = InferEntity<typeof CostSettingsVersion>;

/** A one-time link that signs a person in, once a POST confirmed it. */
export const SignInLink = defineEntity({
  name: 'SignInLink',
  tableName: 'sign_in_links',
  ...tenantTable(),
  properties: {
    ...tenantColumns,
    person: p.uuid().fieldName('person_id'),
    hash: p.blob(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
  },
});
export type SignInLink = InferEntity<typeof SignInLink>;

export const Session = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  ...tenantTable(),
  indexes: [{ properties: ['person'] }],
  properties: {
    ...tenantColumns,
    person: p.uuid().fieldName('person_id'),
    hash: p.blob(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    endedAt: p.datetime().nullable(),
  },
});
export type Session = InferEntity<typeof Session>;
