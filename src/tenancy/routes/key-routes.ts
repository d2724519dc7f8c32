import { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { pageOf, pageQuery } from '../../platform/http/schemas.ts';
import type { KeyService } from '../key-service.ts';
import type { KeyView } from '../key-views.ts';
import { apiKeySchema, idParams, madeKeySchema, newKeySchema } from '../schemas.ts';

/** API keys over HTTP. */
export function keyRoutes(keys: KeyService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/api-keys',
      tag: 'API keys',
      scope: null,
      summary: 'Make an API key',
      description:
        'For a person (who alone can decide) or for a service. The key is shown in this answer only, and has no scope that the key it is made with has not. A person’s key has those of them that the person’s roles give a use for, at any moment; naming others is refused. Only an owner makes keys for an owner. A service key without `scopes` has `approvals:read approvals:write usage:write reservations:write governance:decide`.',
      body: newKeySchema,
      answers: { 201: madeKeySchema },
      problems: ['not-found'],
      async handle({ caller, origin, body, operation }) {
        const wanted = {
          id: operation.id,
          userAlias: body.user_id ?? null,
          serviceName: body.service_name ?? null,
          teamAlias: body.team_id ?? null,
          scopes: body.scopes ? [...new Set(body.scopes)] : null,
          expiresAt: body.expires_at ? new Date(body.expires_at) : null,
        };
        const made = await keys.make(caller, origin, wanted, operation.repeated);
        return {
          status: 201,
          body: { ...presentKey(made), key: made.secret },
          secrets: ['key'],
          subjects: made.row.person ? [made.row.person] : [],
        };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/api-keys',
      tag: 'API keys',
      scope: null,
      summary: 'List live API keys',
      query: z.strictObject(pageQuery),
      answers: { 200: pageOf(apiKeySchema) },
      async handle({ caller, query }) {
        const page = await keys.list(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentKey) } };
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/api-keys/{id}',
      tag: 'API keys',
      scope: null,
      summary: 'Revoke an API key',
      params: idParams,
      answers: { 204: null },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await keys.revoke(caller, origin, params.id);
        return { status: 204 };
      },
    }),
  ];
}

function presentKey({ row, userAlias, teamAlias, scopes }: KeyView): z.input<typeof apiKeySchema> {
  return {
    id: row.id,
    kind: row.kind,
    user_id: userAlias,
    service_name: row.serviceName ?? null,
    team_id: teamAlias,
    scopes: [...scopes] as z.input<typeof apiKeySchema>['scopes'],
    expires_at: row.expiresAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
  };
}
