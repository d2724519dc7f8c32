import { z } from 'zod';
import { pageQuery, timestampOut, uuidSchema } from '../../platform/http/schemas.ts';
import { EVERY_EVENT, WEBHOOK_EVENT_TYPES, WEBHOOK_EVENTS } from './events.ts';

const eventList = Object.entries(WEBHOOK_EVENTS)
  .map(([type, meaning]) => `\`${type}\`: ${meaning}`)
  .join(' ');
const eventSchema = z
  .enum([...WEBHOOK_EVENT_TYPES, EVERY_EVENT])
  .meta({ id: 'WebhookEvent', description: `${eventList} \`*\`: all of them, later ones included.` });

export const webhookParams = z.object({ id: uuidSchema });
export const deliveryParams = z.object({ id: uuidSchema, delivery: uuidSchema });
export const pageQuerySchema = z.strictObject(pageQuery);

export const newWebhookSchema = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .max(2_048)
      .describe(
        'http or https, without a login. Private and local addresses are refused, unless the operator allows them; a name that cannot be resolved at the moment is not.',
      )
      .meta({ example: 'https://example.com/countersign' }),
    events: z
      .array(eventSchema)
      .min(1)
      .max(WEBHOOK_EVENT_TYPES.length + 1)
      .refine((events) => new Set(events).size === events.length, 'must not name an event twice'),
  })
  .meta({ id: 'NewWebhook' });

export const webhookSchema = z
  .object({
    id: uuidSchema,
    url: z.string(),
    events: z.array(z.string()),
    created_at: timestampOut,
    disabled_at: timestampOut
      .nullable()
      .describe('Since when nothing is sent to it any more; null: it is told of events.'),
    disabled_reason: z.enum(['gone']).nullable().describe('`gone`: its receiver answered `410 Gone`.'),
  })
  .meta({ id: 'Webhook' });

export const madeWebhookSchema = webhookSchema
  .extend({
    secret: z
      .string()
      .nullable()
      .describe('Shown in this answer only: `whsec_` and base64, as Standard Webhooks libraries take it.'),
  })
  .meta({ id: 'MadeWebhook' });

export const deliverySchema = z
  .object({
    id: uuidSchema,
    event_id: uuidSchema.describe('The `webhook-id` header: the same for every attempt and replay.'),
    event: z.string(),
    state: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int().nonnegative(),
    last_status: z.int().nullable().describe('HTTP status of the last answer; null where there was none'),
    last_error: z.string().nullable(),
    created_at: timestampOut,
    last_attempt_at: timestampOut.nullable(),
    delivered_at: timestampOut.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
