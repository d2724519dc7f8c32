import type { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { pageOf } from '../../platform/http/schemas.ts';
import type { EntryQueries, EntryView } from '../reading/entry-queries.ts';
import { entryQuery, entrySchema } from '../schemas.ts';
import { PATH, READ_SCOPE, TAG } from './common.ts';

/** The entries of the log. */
export function entryRoutes(entries: EntryQueries): Route[] {
  return [
    route({
      method: 'get',
      path: `${PATH}/entries`,
      tag: TAG,
      scope: READ_SCOPE,
      summary: 'Read the audit log, newest first',
      description:
        'Whoever may read the log of the whole organization sees every entry; whoever may read that of teams sees the entries of those teams and of everything below them. What belongs to no team is seen by the former only.',
      query: entryQuery,
      answers: { 200: pageOf(entrySchema) },
      problems: ['not-found'],
      async handle({ caller, query }) {
        const page = await entries.list(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentEntry) } };
      },
    }),
  ];
}

function presentEntry({ seq, fields, ids, source }: EntryView): z.input<typeof entrySchema> {
  return {
    id: fields.id,
    seq,
    at: fields.at,
    actor: { type: fields.actor.type, id: ids.actor, ref: fields.actor.ref, key: fields.actor.key },
    on_behalf_of: ids.onBehalfOf,
    on_behalf_of_ref: fields.on_behalf_of,
    action: fields.action,
    resource: { type: fields.resource.type, id: ids.resource, ref: fields.resource.ref },
    outcome: fields.outcome,
    team_id: ids.team,
    team_ref: fields.team,
    request_id: fields.request_id,
    ...(fields.policy_version !== undefined && { policy_version: fields.policy_version }),
    detail: fields.detail,
    source: source && { address: source.address, user_agent: source.userAgent },
  };
}
