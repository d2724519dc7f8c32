/** The door of this room: what other features may use. */
export type { ClaimedMessage, Delivery, DeliveryHooks, OutboxHandler } from './relay/handler.ts';
export { AddressGuard, AddressNotAllowed } from './webhooks/address.ts';
export { WEBHOOK_EVENTS, type WebhookEventType } from './webhooks/events.ts';
export { EventPublisher } from './webhooks/publisher.ts';
