import type { UnlockedKeys, Vault } from '../../platform/crypto/vault.ts';
import type { Clock } from '../../platform/clock.ts';
import { newId } from '../../platform/ids.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { isWanted, type WebhookEventType } from './events.ts';
import { addDelivery, liveWebhooks, webhooksOf } from './store.ts';

/** Something that happened, for whoever wants to be told. */
export interface WebhookEvent {
  readonly type: WebhookEventType;
  /** JSON, `snake_case`. */
  readonly data: object;
  /** Internal ids of everybody the data tells about. */
  readonly subjects: readonly string[];
}

interface Known {
  readonly webhooks: readonly { readonly id: string; readonly events: readonly string[] }[];
  readonly until: number;
}

/** Milliseconds for which an organization's webhooks are remembered where no notification comes through. */
const REMEMBERED_MS = 2_000;
const REMEMBERED_AT_MOST = 10_000;
/** More than an organization may have. */
const ALL = 1_000;

/** Puts events into the outbox, within the transaction that makes them true. */
export class EventPublisher {
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(parts: {
    vault: Vault;
    clock: Clock;
    changes: { onChange(listener: (resource: string | null) => void): () => void };
  }) {
    this.#vault = parts.vault;
    this.#clock = parts.clock;
    parts.changes.onChange((resource) => {
      if (resource === null) this.#known.clear();
      else this.#known.delete(resource);
    });
  }

  /** Has every webhook that wants it told about an event. Where there is none, it costs a look into memory. */
  async enqueue(tx: Transaction, { type, data, subjects }: WebhookEvent): Promise<void> {
    const webhooks = (await this.#webhooksOf(tx)).filter(({ events }) => isWanted(type, events));
    if (webhooks.length === 0) return;
    const { organization } = tx.origin;
    const keys = await this.#vault.unlock(tx.em, organization, [organization, ...subjects]);
    const event = newId(tx.at);
    const body = JSON.stringify({ type, timestamp: tx.at.toISOString(), data });
    for (const webhook of webhooks) {
      const delivery = {
        id: newId(tx.at),
        webhook: webhook.id,
        event,
        eventType: type,
        body,
        subjects: readers(keys, subjects, organization),
      };
      addDelivery(tx, keys, delivery, newId(tx.at));
    }
  }

  async #webhooksOf(tx: Transaction): Promise<Known['webhooks']> {
    const { organization } = tx.origin;
    const key = webhooksOf(organization);
    const now = this.#clock.now().getTime();
    const known = this.#known.get(key);
    if (known && known.until > now) return known.webhooks;
    const rows = await liveWebhooks(tx.em, organization, ALL);
    const webhooks = rows.map(({ id, events }) => ({ id, events }));
    if (this.#known.size >= REMEMBERED_AT_MOST) this.#known.clear();
    this.#known.set(key, { webhooks, until: now + REMEMBERED_MS });
    return webhooks;
  }
}

/** Nothing of somebody who was erased can be in the data any more; what tells about nobody is sealed for the organization. */
function readers(keys: UnlockedKeys, subjects: readonly string[], organization: string): string[] {
  const living = subjects.filter((subject) => keys.has(subject));
  return living.length > 0 ? living : [organization];
}
