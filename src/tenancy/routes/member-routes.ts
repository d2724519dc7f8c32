import { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { pageOf, pageQuery } from '../../platform/http/schemas.ts';
import type { AbsenceRow } from '../entities.ts';
import type { Member, MemberChange } from '../members.ts';
import {
  absenceSchema,
  memberParams,
  memberSchema,
  newAbsenceSchema,
  newMemberSchema,
  teamParams,
  userParams,
} from '../schemas.ts';
import type { TeamService } from '../team-service.ts';

/** Who is in which team, and who stands in for whom, over HTTP. */
export function memberRoutes(teams: TeamService): Route[] {
  const answer = ({ member, made }: Awaited<ReturnType<TeamService['putMember']>>) => ({
    status: made ? 201 : 200,
    body: presentMember(member),
  });
  const putting = {
    method: 'put',
    tag: 'People',
    scope: 'admin',
    body: newMemberSchema,
    answers: { 200: memberSchema, 201: memberSchema },
    problems: ['not-found', 'already-exists'],
    description:
      'Makes the user where there is none with this id. Changing an existing user’s name takes an admin of one of their teams, their address an admin of the whole organization; the person is then told at the old address, and their sessions and sign-in links end. Only an owner changes an owner. Whoever becomes one keeps the API keys that an owner made for them; others are revoked, and the person is told.',
  } as const;
  return [
    route({
      ...putting,
      path: '/api/v1/teams/{team}/members/{user}',
      summary: 'Put a person into a team, or change their roles there',
      params: memberParams,
      handle: async ({ caller, origin, params, body }) =>
        answer(await teams.putMember(caller, origin, params.team, changeOf(params.user, body))),
    }),
    route({
      ...putting,
      path: '/api/v1/organization/members/{user}',
      summary: 'Give a person roles in the whole organization',
      params: userParams,
      handle: async ({ caller, origin, params, body }) =>
        answer(await teams.putMember(caller, origin, null, changeOf(params.user, body))),
    }),
    route({
      method: 'get',
      path: '/api/v1/teams/{team}/members',
      tag: 'People',
      scope: null,
      summary: 'List the members of a team',
      params: teamParams,
      query: z.strictObject(pageQuery),
      answers: { 200: pageOf(memberSchema) },
      problems: ['not-found'],
      async handle({ caller, params, query }) {
        const page = await teams.listMembers(caller, params.team, query);
        return { status: 200, body: { ...page, items: page.items.map(presentMember) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/organization/members',
      tag: 'People',
      scope: null,
      summary: 'List who has roles in the whole organization',
      query: z.strictObject(pageQuery),
      answers: { 200: pageOf(memberSchema) },
      async handle({ caller, query }) {
        const page = await teams.listMembers(caller, null, query);
        return { status: 200, body: { ...page, items: page.items.map(presentMember) } };
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/teams/{team}/members/{user}',
      tag: 'People',
      scope: 'admin',
      summary: 'Take a person out of a team',
      description: 'Whoever is in no team any more can no longer use their keys. Only an owner removes an owner.',
      params: memberParams,
      answers: { 204: null },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await teams.removeMember(caller, origin, params.team, params.user);
        return { status: 204 };
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/organization/members/{user}',
      tag: 'People',
      scope: 'admin',
      summary: 'Take somebody’s roles in the whole organization away',
      params: userParams,
      answers: { 204: null },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await teams.removeMember(caller, origin, null, params.user);
        return { status: 204 };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/users/{user}/absence',
      tag: 'People',
      scope: null,
      summary: 'Read an absence, and who stands in',
      description: 'One’s own, one that one stands in for, or as an admin of one of the person’s teams.',
      params: userParams,
      answers: { 200: absenceSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        const { absence, delegateAlias } = await teams.readAbsence(caller, params.user);
        return { status: 200, body: presentAbsence(absence, params.user, delegateAlias) };
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/users/{user}/absence',
      tag: 'People',
      scope: null,
      summary: 'Enter an absence, with who stands in',
      description:
        'Replaces an earlier one. Open requests are looked through when it begins and when it ends: the delegate is asked instead. Entering it for somebody else takes an admin of the whole organization, since whoever stands in decides in every team; the absent person is told by mail.',
      params: userParams,
      body: newAbsenceSchema,
      answers: { 200: absenceSchema },
      problems: ['not-found'],
      async handle({ caller, origin, params, body }) {
        const wanted = {
          userAlias: params.user,
          from: new Date(body.from),
          until: new Date(body.until),
          delegateAlias: body.delegate_user_id,
        };
        return {
          status: 200,
          body: presentAbsence(await teams.putAbsence(caller, origin, wanted), params.user, body.delegate_user_id),
        };
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/users/{user}/absence',
      tag: 'People',
      scope: null,
      summary: 'End an absence',
      description: 'One’s own, or as an admin of one of the person’s teams: they are asked again, and told so by mail.',
      params: userParams,
      answers: { 204: null },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await teams.endAbsence(caller, origin, params.user);
        return { status: 204 };
      },
    }),
  ];
}

function changeOf(alias: string, body: z.output<typeof newMemberSchema>): MemberChange {
  return { alias, name: body.name, email: body.email, roles: body.roles, managerAlias: body.manager_id ?? null };
}

function presentMember({ membership, profile, managerAlias }: Member): z.input<typeof memberSchema> {
  return {
    user_id: profile.alias,
    name: profile.name,
    email: profile.email,
    roles: membership.roles,
    manager_id: managerAlias,
    created_at: membership.createdAt.toISOString(),
    updated_at: membership.updatedAt.toISOString(),
  };
}

function presentAbsence(absence: AbsenceRow, user: string, delegate: string | null): z.input<typeof absenceSchema> {
  return {
    user_id: user,
    from: absence.from.toISOString(),
    until: absence.until.toISOString(),
    delegate_user_id: delegate,
  };
}
