import { z } from 'zod';
import { presentAlertSettings } from '../rules/alert-settings.ts';
import { etagOf } from '../../platform/http/etag.ts';
import { type Route, route } from '../../platform/http/route.ts';
import { aliasSchema } from '../../platform/http/schemas.ts';
import type { CalendarVersion, OrganizationSettings } from '../entities.ts';
import {
  billingSettingsChangeSchema,
  billingSettingsSchema,
  calendarSchema,
  madeOrganizationSchema,
  newCalendarSchema,
  newOrganizationSchema,
  organizationSettingsChangeSchema,
  organizationSettingsSchema,
  teamParams,
} from '../schemas.ts';
import { watchSettings } from '../rules/audit-settings.ts';
import type { BillingSettingsChange, BillingSettingsView, SettingsService } from '../settings-service.ts';

/** Organizations, their settings and calendars, and the billing settings of teams, over HTTP. */
export function settingsRoutes(settings: SettingsService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/organizations',
      tag: 'Organization',
      scope: 'admin',
      summary: 'Make an organization (operator’s key only)',
      body: newOrganizationSchema,
      answers: { 201: madeOrganizationSchema },
      async handle({ caller, origin, body, operation }) {
        const made = await settings.makeOrganization(caller, origin, operation.id, body.name, operation.repeated);
        return {
          status: 201,
          body: { id: made.id, name: made.name, owner_key: made.ownerKey },
          secrets: ['owner_key'],
        };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/organization/settings',
      tag: 'Organization',
      scope: null,
      summary: 'Read the organization’s settings',
      etag: 'read',
      answers: { 200: organizationSettingsSchema },
      async handle({ caller }) {
        const { settings: stored, version } = await settings.readOrganization(caller);
        return { status: 200, body: presentSettings(stored), headers: { ETag: etagOf(version) } };
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/organization/settings',
      tag: 'Organization',
      scope: 'admin',
      summary: 'Change the organization’s settings',
      etag: 'write',
      description: 'What is left out stays as it is.',
      body: organizationSettingsChangeSchema,
      answers: { 200: organizationSettingsSchema },
      async handle({ caller, origin, body, ifMatch }) {
        const { settings: stored, version } = await settings.changeOrganization(caller, origin, body, ifMatch);
        return { status: 200, body: presentSettings(stored), headers: { ETag: etagOf(version) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/calendars/{name}',
      tag: 'Organization',
      scope: null,
      summary: 'Read the newest version of a calendar',
      etag: 'read',
      params: z.object({ name: aliasSchema }),
      answers: { 200: calendarSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        const calendar = await settings.readCalendar(caller, params.name);
        return { status: 200, body: presentCalendar(calendar), headers: { ETag: etagOf(calendar.version) } };
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/calendars/{name}',
      tag: 'Organization',
      scope: 'admin',
      summary: 'Store a calendar of working time as a new version',
      etag: 'write',
      description: 'Deadlines that were counted with an older version stay as they are.',
      params: z.object({ name: aliasSchema }),
      body: newCalendarSchema,
      answers: { 200: calendarSchema },
      async handle({ caller, origin, params, body, ifMatch }) {
        const calendar = await settings.putCalendar(caller, origin, params.name, body, ifMatch);
        return { status: 200, body: presentCalendar(calendar), headers: { ETag: etagOf(calendar.version) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/teams/{team}/billing/settings',
      tag: 'Billing',
      scope: 'billing:read',
      summary: 'Read the billing settings that hold for a team',
      etag: 'read',
      params: teamParams,
      answers: { 200: billingSettingsSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        const view = await settings.readBilling(caller, params.team);
        return { status: 200, body: presentBilling(view), headers: { ETag: etagOf(view.version) } };
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/teams/{team}/billing/settings',
      tag: 'Billing',
      scope: 'billing:write',
      summary: 'Change a team’s billing settings',
      etag: 'write',
      params: teamParams,
      body: billingSettingsChangeSchema,
      answers: { 200: billingSettingsSchema },
      problems: ['not-found'],
      async handle({ caller, origin, params, body, ifMatch }) {
        const view = await settings.changeBilling(caller, origin, params.team, billingChange(body), ifMatch);
        return { status: 200, body: presentBilling(view), headers: { ETag: etagOf(view.version) } };
      },
    }),
  ];
}

function presentSettings(settings: OrganizationSettings): z.input<typeof organizationSettingsSchema> {
  return {
    timezone: settings.timezone ?? 'UTC',
    fiscal_year_start: settings.fiscal_year_start ?? '01-01',
    step_up_amount: settings.step_up_amount ?? null,
    default_calendar: settings.default_calendar ?? null,
    audit: {
      retention: {
        frameworks: [...(settings.audit?.retention?.frameworks ?? [])],
        days: settings.audit?.retention?.days ?? null,
      },
      watch: watchSettings(settings.audit),
    },
  };
}

function presentCalendar(calendar: CalendarVersion): z.input<typeof calendarSchema> {
  const { name, version, timezone, days, hours, holidays, createdAt } = calendar;
  return { name, version, timezone, days, hours, holidays, created_at: createdAt.toISOString() };
}

function billingChange(body: z.output<typeof billingSettingsChangeSchema>): BillingSettingsChange {
  const { approval_hierarchy: hierarchy, monthly_budget: monthly, ...rest } = body;
  const entries = hierarchy && hierarchy.map(({ role, threshold }) => ({ role, threshold: decimalText(threshold) }));
  return { ...rest, approval_hierarchy: entries, monthly_budget: monthly == null ? monthly : decimalText(monthly) };
}

function presentBilling({
  own,
  effective,
  monthlyBudget,
  recipients,
}: BillingSettingsView): z.input<typeof billingSettingsSchema> {
  return {
    approval_hierarchy:
      effective?.entries.map((entry) => ({ role: entry.role, threshold: Number(entry.threshold) })) ?? null,
    approval_hierarchy_mode: effective?.mode ?? 'cumulative',
    inherited: {
      approval_hierarchy: own.approval_hierarchy === undefined,
      approval_hierarchy_mode: own.approval_hierarchy === undefined || own.approval_hierarchy_mode === undefined,
    },
    monthly_budget: monthlyBudget === null ? null : Number(monthlyBudget),
    budget_alerts: presentAlertSettings(own.budget_alerts),
    cost_allocation: { method: 'usage_based', ...own.cost_allocation },
    reporting: {
      frequency: own.reporting?.frequency ?? null,
      recipients: [...recipients],
      include_member_breakdown: own.reporting?.include_member_breakdown ?? false,
    },
    cost_center: own.cost_center ?? null,
    charge_back_method: own.charge_back_method ?? 'usage_based',
    charge_back_shares: { ...own.charge_back_shares },
  };
}

/** A threshold given as a JSON number has at most six decimals, so writing it out is exact. */
function decimalText(threshold: number | string): string {
  return typeof threshold === 'string' ? threshold : threshold.toFixed(6).replace(/\.?0+$/, '');
}
