import type { EntityManager } from '@mikro-orm/postgresql';
import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import { InvalidRequest, NotFound } from '../../platform/errors.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { Webhook, WebhookDelivery } from '../entities.ts';

/** Where and how an organization wants to be told. Sealed under its key: an address may hold a secret in its path. */
export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}

const targetPlace = (id: string) => `webhooks.target:${id}`;
const bodyPlace = (id: string) => `webhook_deliveries.body:${id}`;

/** What waiters and caches know the webhooks of an organization by. */
export function webhooksOf(organization: string): string {
  return `webhooks:${organization}`;
}

export function addWebhook(
  tx: Transaction,
  keys: UnlockedKeys,
  id: string,
  target: WebhookTarget,
  events: readonly string[],
): Webhook {
  const { organization } = tx.origin;
  const sealed = keys.seal(organization, targetPlace(id), JSON.stringify(target));
  const webhook = tx.em.create(Webhook, { id, organization, target: sealed, events: [...events], createdAt: tx.at });
  tx.em.persist(webhook);
  return webhook;
}

/** @returns null where the organization was erased */
export function openTarget(webhook: Webhook, keys: UnlockedKeys): WebhookTarget | null {
  const text = keys.open(webhook.target, targetPlace(webhook.id));
  return text === null ? null : (JSON.parse(text) as WebhookTarget);
}

/** @throws NotFound also where it was deleted, or is another organization's */
export async function keptWebhook(em: EntityManager, organization: string, id: string): Promise<Webhook> {
  const webhook = await em.findOne(Webhook, { id, organization, deletedAt: null });
  if (!webhook) throw new NotFound('webhook');
  return webhook;
}

/** Oldest first; those that were switched off are among them. */
export function keptWebhooks(
  em: EntityManager,
  organization: string,
  page: { after: string | null; limit: number },
): Promise<Webhook[]> {
  const where = { organization, deletedAt: null, ...(page.after ? { id: { $gt: page.after } } : {}) };
  return em.find(Webhook, where, { orderBy: { id: 'asc' }, limit: page.limit });
}

/** Those that are told of events: neither deleted nor switched off. */
export function liveWebhooks(em: EntityManager, organization: string, limit: number): Promise<Webhook[]> {
  return em.find(Webhook, { organization, deletedAt: null, disabledAt: null }, { orderBy: { id: 'asc' }, limit });
}

export function countWebhooks(em: EntityManager, organization: string): Promise<number> {
  return em.count(Webhook, { organization, deletedAt: null });
}

/** One event for one webhook: the row that is its log, and the message that has it sent. */
export interface NewDelivery {
  readonly id: string;
  readonly webhook: string;
  readonly event: string;
  readonly eventType: string;
  readonly body: string;
  readonly subjects: readonly string[];
}

export function addDelivery(
  tx: Transaction,
  keys: UnlockedKeys,
  delivery: NewDelivery,
  message: string,
): WebhookDelivery {
  const { id, webhook, event, eventType } = delivery;
  const body = keys.seal(delivery.subjects, bodyPlace(id), delivery.body);
  const row = tx.em.create(WebhookDelivery, {
    id,
    organization: tx.origin.organization,
    webhook,
    event,
    eventType,
    body,
    state: 'pending',
    createdAt: tx.at,
  });
  tx.em.persist(row);
  tx.enqueue({ id: message, channel: 'webhook', reference: { delivery: id, webhook } });
  return row;
}

/** @returns null where somebody it tells about was erased */
export function openBody(delivery: WebhookDelivery, keys: UnlockedKeys): string | null {
  return keys.open(delivery.body, bodyPlace(delivery.id));
}

/** @throws NotFound */
export async function deliveryOf(em: EntityManager, webhook: Webhook, id: string): Promise<WebhookDelivery> {
  const delivery = await em.findOne(WebhookDelivery, { id, organization: webhook.organization, webhook: webhook.id });
  if (!delivery) throw new NotFound('delivery');
  return delivery;
}

/**
 * Newest first.
 * @param page `before`: the last one that was shown
 * @throws InvalidRequest where that is none of this webhook's
 */
export async function deliveriesOf(
  em: EntityManager,
  webhook: Webhook,
  page: { before: string | null; limit: number },
): Promise<WebhookDelivery[]> {
  const own = { organization: webhook.organization, webhook: webhook.id };
  const last = page.before === null ? null : await em.findOne(WebhookDelivery, { ...own, id: page.before });
  if (page.before !== null && !last)
    throw new InvalidRequest([{ path: 'query.cursor', message: 'is not a cursor that this list gave' }]);
  const older = last
    ? { $or: [{ createdAt: { $lt: last.createdAt } }, { createdAt: last.createdAt, id: { $lt: last.id } }] }
    : {};
  return em.find(
    WebhookDelivery,
    { ...own, ...older },
    { orderBy: { createdAt: 'desc', id: 'desc' }, limit: page.limit },
  );
}
