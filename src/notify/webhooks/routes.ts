import type { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { pageOf } from '../../platform/http/schemas.ts';
import type { WebhookDelivery } from '../entities.ts';
import {
  deliveryParams,
  deliverySchema,
  madeWebhookSchema,
  newWebhookSchema,
  pageQuerySchema,
  webhookParams,
  webhookSchema,
} from './schemas.ts';
import type { WebhookService, WebhookView } from './service.ts';

const PATH = '/api/v1/webhooks';
const tag = 'Webhooks';
const scope = 'admin';

/** Webhooks over HTTP. */
export function webhookRoutes(webhooks: WebhookService): Route[] {
  return [
    route({
      method: 'post',
      path: PATH,
      tag,
      scope,
      summary: 'Have an address told about events',
      description:
        'Events are sent as Standard Webhooks, signed with the secret of this answer, and tried for a day. An address that answers 410 is told nothing more: the list says so.',
      body: newWebhookSchema,
      answers: { 201: madeWebhookSchema },
      async handle({ caller, origin, body, operation }) {
        const made = await webhooks.make(
          caller,
          origin,
          { id: operation.id, url: body.url, events: body.events },
          operation.repeated,
        );
        return {
          status: 201,
          body: { ...presentWebhook(made), secret: made.secret },
          secrets: ['secret'],
          subjects: [caller.organization],
        };
      },
    }),
    route({
      method: 'get',
      path: PATH,
      tag,
      scope,
      summary: 'List webhooks',
      query: pageQuerySchema,
      answers: { 200: pageOf(webhookSchema) },
      async handle({ caller, query }) {
        const page = await webhooks.list(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentWebhook) } };
      },
    }),
    route({
      method: 'get',
      path: `${PATH}/{id}`,
      tag,
      scope,
      summary: 'Read a webhook',
      params: webhookParams,
      answers: { 200: webhookSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        return { status: 200, body: presentWebhook(await webhooks.read(caller, params.id)) };
      },
    }),
    route({
      method: 'delete',
      path: `${PATH}/{id}`,
      tag,
      scope,
      summary: 'Delete a webhook',
      description: 'What was still to be sent to it is not sent any more.',
      params: webhookParams,
      answers: { 204: null },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await webhooks.delete(caller, origin, params.id);
        return { status: 204 };
      },
    }),
    route({
      method: 'get',
      path: `${PATH}/{id}/deliveries`,
      tag,
      scope,
      summary: 'List what was sent to a webhook, newest first',
      params: webhookParams,
      query: pageQuerySchema,
      answers: { 200: pageOf(deliverySchema) },
      problems: ['not-found'],
      async handle({ caller, params, query }) {
        const page = await webhooks.deliveries(caller, params.id, query);
        return { status: 200, body: { ...page, items: page.items.map(presentDelivery) } };
      },
    }),
    route({
      method: 'post',
      path: `${PATH}/{id}/deliveries/{delivery}/replay`,
      tag,
      scope,
      summary: 'Send an event once more',
      description:
        'Under its own `webhook-id`, so that a receiver that has it already can tell. The answer is the new delivery.',
      params: deliveryParams,
      answers: { 201: deliverySchema },
      problems: ['not-found'],
      async handle({ caller, origin, params, operation }) {
        const replayed = await webhooks.replay(
          caller,
          origin,
          { webhook: params.id, delivery: params.delivery },
          operation,
        );
        return { status: 201, body: presentDelivery(replayed) };
      },
    }),
  ];
}

function presentWebhook({ row, url }: WebhookView): z.input<typeof webhookSchema> {
  return {
    id: row.id,
    url,
    events: row.events,
    created_at: row.createdAt.toISOString(),
    disabled_at: row.disabledAt?.toISOString() ?? null,
    disabled_reason: row.disabledAt ? 'gone' : null,
  };
}

function presentDelivery(row: WebhookDelivery): z.input<typeof deliverySchema> {
  return {
    id: row.id,
    event_id: row.event,
    event: row.eventType,
    state: row.state,
    attempts: row.attempts,
    last_status: row.lastStatus ?? null,
    last_error: row.lastError ?? null,
    created_at: row.createdAt.toISOString(),
    last_attempt_at: row.lastAttemptAt?.toISOString() ?? null,
    delivered_at: row.deliveredAt?.toISOString() ?? null,
  };
}
