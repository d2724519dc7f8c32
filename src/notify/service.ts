/** The door of this room: what other features may use. */
export type { Bookkeeping, ClaimedMessage, Delivery, DeliveryHooks, LaneOptions, OutboxHandler } from './relay/handler.ts';
export { WEBHOOK_EVENTS, type WebhookEventType } from './webhooks/events.ts';
export { EventPublisher, type WebhookEvent } from './webhooks/publisher.ts';
