import { Webhook as Verifier } from 'standardwebhooks';
import { AddressGuard } from '../../../src/notify/webhooks/address.ts';
import { WEBHOOK_RETRY_FOR_MS, WebhookHandler } from '../../../src/notify/webhooks/deliver.ts';
import { EventPublisher, type WebhookEvent } from '../../../src/notify/webhooks/publisher.ts';
import { WebhookService } from '../../../src/notify/webhooks/service.ts';
import type { Caller } from '../../../src/platform/http/caller.ts';
import { newId } from '../../../src/platform/ids.ts';
import type { ReceivedRequest } from './receiver.ts';
import { lane, startRelay, type StartedRelay } from './relays.ts';
import { originOf, type World } from './world.ts';

export function ownerOf(organization: string): Caller {
  const key = newId();
  return {
    organization,
    key,
    kind: 'owner',
    person: null,
    team: null,
    scopes: new Set(['admin']),
    memberships: [],
    actor: { type: 'service', id: key, key },
  };
}

/** Webhooks as API and worker would have them, in one process. */
export class WebhookWorld {
  readonly world: World;
  readonly guard = new AddressGuard({ allowPrivate: true });
  readonly service: WebhookService;
  readonly publisher: EventPublisher;

  /** @param changes where the publisher hears of changes; unset: as in the world's own process */
  constructor(world: World, changes = world.notifier) {
    this.world = world;
    this.service = new WebhookService(world.work, this.guard);
    this.publisher = new EventPublisher({ vault: world.vault, clock: world.clock, changes });
  }

  async make(
    organization: string,
    url: string,
    events: readonly string[] = ['*'],
  ): Promise<{ id: string; secret: string }> {
    const { row, secret } = await this.service.make(
      ownerOf(organization),
      originOf(organization),
      { id: newId(), url, events },
      false,
    );
    return { id: row.id, secret };
  }

  publish(organization: string, first: Partial<WebhookEvent> = {}, ...others: Partial<WebhookEvent>[]): Promise<void> {
    return this.world.change(organization, async (tx) => {
      for (const event of [first, ...others])
        await this.publisher.enqueue(tx, {
          type: 'approval.decided',
          data: { approval: { state: 'approved' } },
          subjects: [],
          ...event,
        });
    });
  }

  async deliveries(organization: string, webhook: string, page: { limit?: number; cursor?: string } = {}) {
    return this.service.deliveries(ownerOf(organization), webhook, { limit: 50, ...page });
  }

  /** A worker. What it is handed takes the place of its own parts. */
  start(parts: { guard?: AddressGuard; timeoutMs?: number; fresh?: boolean } = {}): StartedRelay {
    const { world } = this;
    const work = parts.fresh ? world.workWith(world.freshVault()) : world.work;
    const guard = parts.guard ?? new AddressGuard({ allowPrivate: true });
    const handler = new WebhookHandler({ work, guard, clock: world.clock, timeoutMs: parts.timeoutMs });
    return startRelay(
      world,
      { webhook: lane(handler, { retryForMs: WEBHOOK_RETRY_FOR_MS, concurrency: 16 }) },
      { random: () => 0, work },
    );
  }
}

/** What a receiver makes of a request with the reference library; throws where the signature is wrong. */
export function verified(request: ReceivedRequest, secret: string): unknown {
  return new Verifier(secret).verify(request.body, request.headers as Record<string, string>);
}
