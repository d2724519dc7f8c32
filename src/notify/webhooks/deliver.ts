import type { Clock } from '../../platform/clock.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { Webhook, WebhookDelivery } from '../entities.ts';
import type { Bookkeeping, ClaimedMessage, Delivery, Ending, OutboxHandler } from '../relay/handler.ts';
import { connectionFailure, meaningOf, retryAfter } from '../rules/webhook-answer.ts';
import type { AddressGuard } from './address.ts';
import { InFlight } from './in-flight.ts';
import { type WebhookRequest, postWebhook } from './post.ts';
import { openBody, openTarget, webhooksOf } from './store.ts';

/** Milliseconds for which an event is tried. */
export const WEBHOOK_RETRY_FOR_MS = 86_400_000;
export const WEBHOOK_CONCURRENCY = 32;
const TIMEOUT_MS = 15_000;
/** A receiver that never answers takes so many places at most, and leaves the others to everybody else. */
const PLACES_PER_WEBHOOK = 4;
/** About as long as a place is taken by a receiver that does not answer. */
const NO_PLACE_PAUSE_MS = 10_000;

/** What an attempt showed, for the delivery's log. */
interface Shown {
  readonly status: number | null;
  readonly error: string | null;
}

type Loaded =
  | { readonly request: WebhookRequest }
  | { readonly error: 'webhook-deleted' | 'webhook-disabled' | 'erased' };

/** Sends events to the addresses that organizations have entered. */
export class WebhookHandler implements OutboxHandler {
  readonly #work: UnitOfWork;
  readonly #guard: AddressGuard;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #inFlight = new InFlight(PLACES_PER_WEBHOOK);

  /** @param parts `timeoutMs`: milliseconds that a receiver has to answer */
  constructor(parts: { work: UnitOfWork; guard: AddressGuard; clock: Clock; timeoutMs?: number }) {
    this.#work = parts.work;
    this.#guard = parts.guard;
    this.#clock = parts.clock;
    this.#timeoutMs = parts.timeoutMs ?? TIMEOUT_MS;
  }

  async deliver(message: ClaimedMessage, signal: AbortSignal): Promise<Delivery> {
    const webhook = String(message.reference['webhook']);
    if (!this.#inFlight.enter(webhook))
      return { outcome: 'postponed', until: new Date(this.#clock.now().getTime() + NO_PLACE_PAUSE_MS) };
    try {
      const loaded = await this.#load(message, webhook);
      if ('error' in loaded)
        return {
          outcome: 'given-up',
          error: loaded.error,
          record: log(message, { status: null, error: loaded.error }),
        };
      return await this.#send(message, webhook, loaded.request, signal);
    } finally {
      this.#inFlight.leave(webhook);
    }
  }

  close(): Promise<void> {
    return this.#guard.close();
  }

  #load({ organization, reference }: ClaimedMessage, id: string): Promise<Loaded> {
    return this.#work.read(organization, async (em) => {
      const webhook = await em.findOne(Webhook, { id, organization, deletedAt: null });
      const delivery = await em.findOne(WebhookDelivery, { id: String(reference['delivery']), organization });
      if (!webhook || !delivery) return { error: 'webhook-deleted' };
      if (webhook.disabledAt) return { error: 'webhook-disabled' };
      const keys = await this.#work.vault.unlockFor(em, organization, [webhook.target, delivery.body]);
      const target = openTarget(webhook, keys);
      const body = openBody(delivery, keys);
      return target === null || body === null
        ? { error: 'erased' }
        : { request: { ...target, event: delivery.event, body } };
    });
  }

  async #send(
    message: ClaimedMessage,
    webhook: string,
    request: WebhookRequest,
    signal: AbortSignal,
  ): Promise<Delivery> {
    try {
      const answer = await postWebhook(request, {
        agent: this.#guard.agent,
        at: this.#clock.now(),
        signal,
        timeoutMs: this.#timeoutMs,
      });
      const { status } = answer;
      const error = `http-${status}`;
      switch (meaningOf(status)) {
        case 'accepted':
          return { outcome: 'delivered', record: log(message, { status, error: null }) };
        case 'gone':
          return { outcome: 'given-up', error, record: both(log(message, { status, error }), disable(webhook)) };
        case 'again':
          return {
            outcome: 'retry',
            error,
            notBefore: retryAfter(answer.retryAfter, this.#clock.now()) ?? undefined,
            record: log(message, { status, error }),
          };
      }
    } catch (failure) {
      const error = connectionFailure(failure);
      return { outcome: 'retry', error, record: log(message, { status: null, error }) };
    }
  }
}

const STATES = { delivered: 'delivered', retry: 'pending', 'given-up': 'failed' } as const satisfies Record<
  Ending,
  WebhookDelivery['state']
>;

function log({ attempts, reference, organization }: ClaimedMessage, { status, error }: Shown): Bookkeeping {
  return async (tx, ending) => {
    const deliveredAt = ending === 'delivered' ? tx.at : null;
    const change = {
      state: STATES[ending],
      attempts,
      lastStatus: status,
      lastError: error,
      lastAttemptAt: tx.at,
      deliveredAt,
    };
    await tx.em.nativeUpdate(WebhookDelivery, { id: String(reference['delivery']), organization }, change);
  };
}

/** The receiver says that it wants no more. That changes what the organization has set up, so the audit log says so too. */
function disable(id: string): Bookkeeping {
  return async (tx) => {
    const { organization } = tx.origin;
    const disabled = await tx.em.nativeUpdate(
      Webhook,
      { id, organization, deletedAt: null, disabledAt: null },
      { disabledAt: tx.at },
    );
    if (disabled === 0) return;
    tx.record({ action: 'webhook.disabled', resource: { type: 'webhook', id }, detail: { reason: 'gone' } });
    tx.touch(webhooksOf(organization));
  };
}

function both(first: Bookkeeping, second: Bookkeeping): Bookkeeping {
  return async (tx, ending) => {
    await first(tx, ending);
    await second(tx, ending);
  };
}
