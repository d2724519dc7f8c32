import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { DATABASE_ROLES, tenantColumns, tenantTable } from '../platform/database/tenant-table.ts';
import type { OutboxMessage } from '../platform/unit-of-work.ts';

/** What must happen after a commit. A row goes once it was delivered; the relay works through the rest. */
export const OutboxRow = defineEntity({
  name: 'OutboxRow',
  tableName: 'outbox',
  ...tenantTable([{ name: 'relay', roles: [DATABASE_ROLES.relay], using: 'true', check: 'true' }]),
  indexes: [{ name: 'outbox_due', properties: ['channel', 'dueAt'], where: 'failed_at is null' }],
  properties: {
    ...tenantColumns,
    channel: p.string().$type<OutboxMessage['channel']>(),
    reference: p.json<OutboxMessage['reference']>(),
    body: p.blob().nullable(),
    createdAt: p.datetime(),
    /** When it is to be tried next; while somebody tries it, the end of that attempt's lease. */
    dueAt: p.datetime(),
    attempts: p.integer().default(0),
    /** A code of ours, never a server's text, which may hold addresses. */
    lastError: p.string().nullable(),
    /** It will not be tried again. The body is gone by then. */
    failedAt: p.datetime().nullable(),
  },
});
export type OutboxRow = InferEntity<typeof OutboxRow>;

/** An address of an organization that is told what happens (Standard Webhooks). */
export const Webhook = defineEntity({
  name: 'Webhook',
  tableName: 'webhooks',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'id'] }],
  properties: {
    ...tenantColumns,
    /** Sealed under the organization's key: `{ url, secret }`; an address may hold a secret in its path. */
    target: p.blob(),
    events: p.array(),
    createdAt: p.datetime(),
    /** Its receiver answered `410 Gone`. */
    disabledAt: p.datetime().nullable(),
    deletedAt: p.datetime().nullable(),
  },
});
export type Webhook = InferEntity<typeof Webhook>;

/** The log of one event to one address: tried for a day, replayable afterwards. */
export const WebhookDelivery = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_deliveries',
  ...tenantTable(),
  indexes: [{ properties: ['webhook', 'createdAt', 'id'] }],
  properties: {
    ...tenantColumns,
    webhook: p.uuid().fieldName('webhook_id'),
    /** The same for every webhook that gets the event, and for its replays (`webhook-id`). */
    event: p.uuid().fieldName('event_id'),
    eventType: p.string(),
    /** Sealed for everybody it tells about. */
    body: p.blob(),
    state: p.string().$type<'pending' | 'delivered' | 'failed'>(),
    attempts: p.integer().default(0),
    lastStatus: p.integer().nullable(),
    lastError: p.string().nullable(),
    createdAt: p.datetime(),
    lastAttemptAt: p.datetime().nullable(),
    deliveredAt: p.datetime().nullable(),
  },
});
export type WebhookDelivery = InferEntity<typeof WebhookDelivery>;
