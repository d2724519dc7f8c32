import { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { pageOf, pageQuery } from '../../platform/http/schemas.ts';
import { newTeamSchema, teamParams, teamSchema } from '../schemas.ts';
import type { TeamService, TeamView } from '../team-service.ts';

/** Teams over HTTP. */
export function teamRoutes(teams: TeamService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/teams',
      tag: 'Teams',
      scope: 'admin',
      summary: 'Make a team',
      body: newTeamSchema,
      answers: { 201: teamSchema },
      problems: ['not-found', 'already-exists'],
      async handle({ caller, origin, body, operation }) {
        const wanted = {
          id: operation.id,
          alias: body.id ?? operation.id,
          name: body.name,
          parentAlias: body.parent_team_id ?? null,
          timezone: body.timezone ?? null,
          currency: body.currency ?? null,
        };
        return { status: 201, body: presentTeam(await teams.make(caller, origin, wanted, operation.repeated)) };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/teams',
      tag: 'Teams',
      scope: null,
      summary: 'List the teams of the organization',
      query: z.strictObject(pageQuery),
      answers: { 200: pageOf(teamSchema) },
      async handle({ caller, query }) {
        const page = await teams.list(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentTeam) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/teams/{team}',
      tag: 'Teams',
      scope: null,
      summary: 'Read a team',
      params: teamParams,
      answers: { 200: teamSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        return { status: 200, body: presentTeam(await teams.read(caller, params.team)) };
      },
    }),
  ];
}

function presentTeam({ team, parentAlias }: TeamView): z.input<typeof teamSchema> {
  return {
    id: team.alias,
    name: team.name,
    parent_team_id: parentAlias,
    timezone: team.timezone ?? null,
    currency: team.currency ?? null,
    created_at: team.createdAt.toISOString(),
  };
}
