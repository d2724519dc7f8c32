import type { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { newStreamSchema, streamParams, streamSchema, streamsSchema } from './schemas.ts';
import type { StreamService, StreamView } from './stream-service.ts';

const PATH = '/api/v1/audit/streams';
const tag = 'Audit';
const scope = 'admin';

/** Streams of the audit log over HTTP. */
export function streamRoutes(streams: StreamService): Route[] {
  return [
    route({
      method: 'put',
      path: `${PATH}/{name}`,
      tag,
      scope,
      summary: 'Have the audit log sent to a SIEM',
      description:
        'Entries are sent as OCSF events in the order of the log, each at least once; `metadata.uid` is its `seq`. Replaces the whole stream of that name: what is left out is as by default.',
      params: streamParams,
      body: newStreamSchema,
      answers: { 200: streamSchema, 201: streamSchema },
      async handle({ caller, origin, params, body }) {
        const view = await streams.put(caller, origin, params.name, body);
        return { status: view.isNew ? 201 : 200, body: present(view) };
      },
    }),
    route({
      method: 'get',
      path: PATH,
      tag,
      scope,
      summary: 'List where the audit log is sent to, and how far that has come',
      answers: { 200: streamsSchema },
      async handle({ caller }) {
        return { status: 200, body: { items: (await streams.list(caller)).map(present), next_cursor: null } };
      },
    }),
    route({
      method: 'delete',
      path: `${PATH}/{name}`,
      tag,
      scope,
      summary: 'Stop sending the audit log there',
      params: streamParams,
      answers: { 204: null },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await streams.delete(caller, origin, params.name);
        return { status: 204 };
      },
    }),
  ];
}

function present({ row, target, size }: StreamView): z.input<typeof streamSchema> {
  const https = target?.kind === 'https' ? target : null;
  const syslog = target?.kind === 'syslog' ? target : null;
  const cursor = Number(row.next);
  return {
    name: row.name,
    kind: row.kind,
    url: https?.url ?? null,
    host: syslog?.host ?? null,
    port: syslog?.port ?? null,
    tls: syslog?.tls ?? true,
    personal: target?.personal ?? false,
    cursor,
    lag: Math.max(0, size - cursor),
    state: row.failingSince ? 'failing' : 'working',
    last_error: row.lastError ?? null,
    failing_since: row.failingSince?.toISOString() ?? null,
    delivered_at: row.deliveredAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
