import { z } from 'zod';
import { etagOf } from '../../platform/http/etag.ts';
import { type Route, route } from '../../platform/http/route.ts';
import { aliasSchema, pageOf, pageQuery } from '../../platform/http/schemas.ts';
import type { CalendarVersion, OrganizationSettings } from '../entities.ts';
import {
  calendarSchema,
  madeOrganizationSchema,
  newCalendarSchema,
  newOrganizationSchema,
  organizationSettingsChangeSchema,
  organizationSettingsSchema,
} from '../schemas.ts';
import { presentAlertSettings } from '../rules/alert-settings.ts';
import { watchSettings } from '../rules/audit-settings.ts';
import type { SettingsService } from '../settings-service.ts';

/** Organizations, their settings and calendars, over HTTP. */
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
      path: '/api/v1/calendars',
      tag: 'Organization',
      scope: null,
      summary: 'List the calendars, each in its newest version',
      query: z.strictObject(pageQuery),
      answers: { 200: pageOf(calendarSchema) },
      async handle({ caller, query }) {
        const page = await settings.listCalendars(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentCalendar) } };
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
    budget_alerts: presentAlertSettings(settings.budget_alerts),
  };
}

function presentCalendar(calendar: CalendarVersion): z.input<typeof calendarSchema> {
  const { name, version, timezone, days, hours, holidays, createdAt } = calendar;
  return { name, version, timezone, days, hours, holidays, created_at: createdAt.toISOString() };
}
