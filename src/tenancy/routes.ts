import type { z } from 'zod';
import { etagOf } from '../platform/http/etag.ts';
import { type Route, route } from '../platform/http/route.ts';
import { aliasSchema, pageOf, pageQuery } from '../platform/http/schemas.ts';
import { z as zod } from 'zod';
import type { AbsenceRow, CalendarVersion, OrganizationSettings } from './entities.ts';
import type { KeyService, KeyView } from './key-service.ts';
import type { Member } from './members.ts';
import {
  absenceSchema, apiKeySchema, billingSettingsChangeSchema, billingSettingsSchema, calendarSchema, idParams, madeKeySchema,
  madeOrganizationSchema, memberParams, memberSchema, newAbsenceSchema, newCalendarSchema, newKeySchema, newMemberSchema,
  newOrganizationSchema, newTeamSchema, organizationSettingsChangeSchema, organizationSettingsSchema, teamParams, teamSchema, userParams,
} from './schemas.ts';
import type { BillingSettingsView, SettingsService } from './settings-service.ts';
import type { TeamService, TeamView } from './team-service.ts';

export interface TenancyServices {
  readonly teams: TeamService;
  readonly keys: KeyService;
  readonly settings: SettingsService;
}

/** Organizations, teams, people, keys, settings and calendars over HTTP. */
export function tenancyRoutes(services: TenancyServices): Route[] {
  return [...teamRoutes(services.teams), ...memberRoutes(services.teams), ...keyRoutes(services.keys), ...settingsRoutes(services.settings)];
}

function teamRoutes(teams: TeamService): Route[] {
  return [
    route({
      method: 'post', path: '/api/v1/teams', tag: 'Teams', scope: 'admin', summary: 'Make a team',
      body: newTeamSchema, answers: { 201: teamSchema }, problems: ['already-exists'],
      async handle({ caller, origin, body, operation }) {
        const wanted = { id: operation.id, alias: body.id ?? operation.id, name: body.name, parentAlias: body.parent_team_id ?? null, timezone: body.timezone ?? null, currency: body.currency ?? null };
        return { status: 201, body: presentTeam(await teams.make(caller, origin, wanted, operation.repeated)) };
      },
    }),
    route({
      method: 'get', path: '/api/v1/teams', tag: 'Teams', scope: null, summary: 'List the teams of the organization',
      query: zod.strictObject(pageQuery), answers: { 200: pageOf(teamSchema) },
      async handle({ caller, query }) {
        const page = await teams.list(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentTeam) } };
      },
    }),
    route({
      method: 'get', path: '/api/v1/teams/{team}', tag: 'Teams', scope: null, summary: 'Read a team',
      params: teamParams, answers: { 200: teamSchema }, problems: ['not-found'],
      async handle({ caller, params }) {
        return { status: 200, body: presentTeam(await teams.read(caller, params.team)) };
      },
    }),
  ];
}

function memberRoutes(teams: TeamService): Route[] {
  const put = (where: 'team' | 'organization') =>
    route({
      method: 'put', path: where === 'team' ? '/api/v1/teams/{team}/members/{user}' : '/api/v1/organization/members/{user}', tag: 'People', scope: 'admin',
      summary: where === 'team' ? 'Put a person into a team, or change their roles there' : 'Give a person roles in the whole organization',
      description: 'Makes the user where there is none with this id. Changing the name or address of an existing user takes an admin of the whole organization; the person is told at the old address.',
      params: where === 'team' ? memberParams : userParams.extend({ team: aliasSchema.optional() }).omit({ team: true }), body: newMemberSchema,
      answers: { 200: memberSchema, 201: memberSchema }, problems: ['not-found', 'already-exists'],
      async handle({ caller, origin, params, body }) {
        const team = 'team' in params && typeof params.team === 'string' ? params.team : null;
        const change = { alias: params.user, name: body.name, email: body.email, roles: body.roles, managerAlias: body.manager_id ?? null };
        const { member, made } = await teams.putMember(caller, origin, team, change);
        return { status: made ? 201 : 200, body: presentMember(member) };
      },
    });
  return [
    put('team'),
    put('organization'),
    route({
      method: 'get', path: '/api/v1/teams/{team}/members', tag: 'People', scope: null, summary: 'List the members of a team',
      params: teamParams, query: zod.strictObject(pageQuery), answers: { 200: pageOf(memberSchema) }, problems: ['not-found'],
      async handle({ caller, params, query }) {
        const page = await teams.listMembers(caller, params.team, query);
        return { status: 200, body: { ...page, items: page.items.map(presentMember) } };
      },
    }),
    route({
      method: 'delete', path: '/api/v1/teams/{team}/members/{user}', tag: 'People', scope: 'admin', summary: 'Take a person out of a team',
      description: 'Whoever is in no team any more can no longer use their keys.',
      params: memberParams, answers: { 204: null }, problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await teams.removeMember(caller, origin, params.team, params.user);
        return { status: 204 };
      },
    }),
    route({
      method: 'delete', path: '/api/v1/organization/members/{user}', tag: 'People', scope: 'admin', summary: 'Take somebody’s roles in the whole organization away',
      params: userParams, answers: { 204: null }, problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await teams.removeMember(caller, origin, null, params.user);
        return { status: 204 };
      },
    }),
    route({
      method: 'put', path: '/api/v1/users/{user}/absence', tag: 'People', scope: null, summary: 'Enter an absence, with who stands in',
      description: 'Replaces an earlier one. Open requests are looked through when it begins and when it ends: the delegate is asked instead.',
      params: userParams, body: newAbsenceSchema, answers: { 200: absenceSchema }, problems: ['not-found'],
      async handle({ caller, origin, params, body }) {
        const wanted = { userAlias: params.user, from: new Date(body.from), until: new Date(body.until), delegateAlias: body.delegate_user_id };
        return { status: 200, body: presentAbsence(await teams.putAbsence(caller, origin, wanted), params.user, body.delegate_user_id) };
      },
    }),
    route({
      method: 'delete', path: '/api/v1/users/{user}/absence', tag: 'People', scope: null, summary: 'End an absence',
      params: userParams, answers: { 204: null }, problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await teams.endAbsence(caller, origin, params.user);
        return { status: 204 };
      },
    }),
  ];
}

function keyRoutes(keys: KeyService): Route[] {
  return [
    route({
      method: 'post', path: '/api/v1/api-keys', tag: 'API keys', scope: null, summary: 'Make an API key',
      description: 'For a person (who alone can decide) or for a service. The key is shown in this answer only. A service key without `scopes` has `approvals:read approvals:write usage:write reservations:write governance:decide`.',
      body: newKeySchema, answers: { 201: madeKeySchema },
      async handle({ caller, origin, body, operation }) {
        const wanted = {
          id: operation.id, userAlias: body.user_id ?? null, serviceName: body.service_name ?? null, teamAlias: body.team_id ?? null,
          scopes: body.scopes ?? null, expiresAt: body.expires_at ? new Date(body.expires_at) : null,
        };
        const made = await keys.make(caller, origin, wanted, operation.repeated);
        return { status: 201, body: { ...presentKey(made), key: made.secret }, secrets: ['key'], subjects: made.row.person ? [made.row.person] : [] };
      },
    }),
    route({
      method: 'get', path: '/api/v1/api-keys', tag: 'API keys', scope: null, summary: 'List live API keys',
      query: zod.strictObject(pageQuery), answers: { 200: pageOf(apiKeySchema) },
      async handle({ caller, query }) {
        const page = await keys.list(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentKey) } };
      },
    }),
    route({
      method: 'delete', path: '/api/v1/api-keys/{id}', tag: 'API keys', scope: null, summary: 'Revoke an API key',
      params: idParams, answers: { 204: null }, problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await keys.revoke(caller, origin, params.id);
        return { status: 204 };
      },
    }),
  ];
}

function settingsRoutes(settings: SettingsService): Route[] {
  return [
    route({
      method: 'post', path: '/api/v1/organizations', tag: 'Organization', scope: 'admin', summary: 'Make an organization (operator’s key only)',
      body: newOrganizationSchema, answers: { 201: madeOrganizationSchema },
      async handle({ caller, origin, body, operation }) {
        const made = await settings.makeOrganization(caller, origin, operation.id, body.name, operation.repeated);
        return { status: 201, body: { id: made.id, name: made.name, owner_key: made.ownerKey }, secrets: ['owner_key'] };
      },
    }),
    route({
      method: 'get', path: '/api/v1/organization/settings', tag: 'Organization', scope: null, summary: 'Read the organization’s settings', etag: 'read',
      answers: { 200: organizationSettingsSchema },
      async handle({ caller }) {
        const { settings: stored, version } = await settings.readOrganization(caller);
        return { status: 200, body: presentSettings(stored), headers: { ETag: etagOf(version) } };
      },
    }),
    route({
      method: 'put', path: '/api/v1/organization/settings', tag: 'Organization', scope: 'admin', summary: 'Change the organization’s settings', etag: 'write',
      description: 'What is left out stays as it is.', body: organizationSettingsChangeSchema, answers: { 200: organizationSettingsSchema },
      async handle({ caller, origin, body, ifMatch }) {
        const { settings: stored, version } = await settings.changeOrganization(caller, origin, body, ifMatch);
        return { status: 200, body: presentSettings(stored), headers: { ETag: etagOf(version) } };
      },
    }),
    route({
      method: 'get', path: '/api/v1/calendars/{name}', tag: 'Organization', scope: null, summary: 'Read the newest version of a calendar',
      params: zod.object({ name: aliasSchema }), answers: { 200: calendarSchema }, problems: ['not-found'],
      async handle({ caller, params }) {
        return { status: 200, body: presentCalendar(await settings.readCalendar(caller, params.name)) };
      },
    }),
    route({
      method: 'put', path: '/api/v1/calendars/{name}', tag: 'Organization', scope: 'admin', summary: 'Store a calendar of working time as a new version',
      description: 'Deadlines that were counted with an older version stay as they are.',
      params: zod.object({ name: aliasSchema }), body: newCalendarSchema, answers: { 200: calendarSchema },
      async handle({ caller, origin, params, body }) {
        return { status: 200, body: presentCalendar(await settings.putCalendar(caller, origin, params.name, body)) };
      },
    }),
    route({
      method: 'get', path: '/api/v1/teams/{team}/billing/settings', tag: 'Billing', scope: 'billing:read', summary: 'Read the billing settings that hold for a team', etag: 'read',
      params: teamParams, answers: { 200: billingSettingsSchema }, problems: ['not-found'],
      async handle({ caller, params }) {
        const view = await settings.readBilling(caller, params.team);
        return { status: 200, body: presentBilling(view), headers: { ETag: etagOf(view.version) } };
      },
    }),
    route({
      method: 'put', path: '/api/v1/teams/{team}/billing/settings', tag: 'Billing', scope: 'billing:write', summary: 'Change a team’s billing settings', etag: 'write',
      params: teamParams, body: billingSettingsChangeSchema, answers: { 200: billingSettingsSchema }, problems: ['not-found'],
      async handle({ caller, origin, params, body, ifMatch }) {
        const change = { ...body, approval_hierarchy: body.approval_hierarchy?.map((entry) => ({ role: entry.role, threshold: decimalText(entry.threshold) })) ?? body.approval_hierarchy };
        const view = await settings.changeBilling(caller, origin, params.team, change as Parameters<SettingsService['changeBilling']>[3], ifMatch);
        return { status: 200, body: presentBilling(view), headers: { ETag: etagOf(view.version) } };
      },
    }),
  ];
}

function presentTeam({ team, parentAlias }: TeamView): z.input<typeof teamSchema> {
  return { id: team.alias, name: team.name, parent_team_id: parentAlias, timezone: team.timezone ?? null, currency: team.currency ?? null, created_at: team.createdAt.toISOString() };
}

function presentMember({ membership, profile, managerAlias }: Member): z.input<typeof memberSchema> {
  return {
    user_id: profile.alias, name: profile.name, email: profile.email, roles: membership.roles, manager_id: managerAlias,
    created_at: membership.createdAt.toISOString(), updated_at: membership.updatedAt.toISOString(),
  };
}

function presentAbsence(absence: AbsenceRow, user: string, delegate: string): z.input<typeof absenceSchema> {
  return { user_id: user, from: absence.from.toISOString(), until: absence.until.toISOString(), delegate_user_id: delegate };
}

function presentKey({ row, userAlias, teamAlias }: KeyView): z.input<typeof apiKeySchema> {
  return {
    id: row.id, kind: row.kind, user_id: userAlias, service_name: row.serviceName ?? null, team_id: teamAlias,
    scopes: row.scopes as z.input<typeof apiKeySchema>['scopes'], expires_at: row.expiresAt?.toISOString() ?? null, created_at: row.createdAt.toISOString(),
  };
}

function presentSettings(settings: OrganizationSettings): z.input<typeof organizationSettingsSchema> {
  return {
    timezone: settings.timezone ?? 'UTC', fiscal_year_start: settings.fiscal_year_start ?? '01-01',
    step_up_amount: settings.step_up_amount ?? null, default_calendar: settings.default_calendar ?? null,
  };
}

function presentCalendar(calendar: CalendarVersion): z.input<typeof calendarSchema> {
  const { name, version, timezone, days, hours, holidays, createdAt } = calendar;
  return { name, version, timezone, days, hours, holidays, created_at: createdAt.toISOString() };
}

function presentBilling({ own, effective }: BillingSettingsView): z.input<typeof billingSettingsSchema> {
  return {
    approval_hierarchy: effective?.entries.map((entry) => ({ role: entry.role, threshold: Number(entry.threshold) })) ?? null,
    approval_hierarchy_mode: effective?.mode ?? 'cumulative',
    inherited: { approval_hierarchy: own.approval_hierarchy === undefined, approval_hierarchy_mode: own.approval_hierarchy_mode === undefined },
  };
}

/** A threshold given as a JSON number has at most six decimals, so writing it out is exact. */
function decimalText(threshold: number | string): string {
  return typeof threshold === 'string' ? threshold : threshold.toFixed(6).replace(/\.?0+$/, '');
}
