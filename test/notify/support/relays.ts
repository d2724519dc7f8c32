import { OutboxRelay, type RelayParts } from '../../../src/notify/relay.ts';
import type { Channel, LaneOptions, OutboxHandler, RelayMetrics } from '../../../src/notify/relay/handler.ts';
import { Watched } from './watched.ts';
import type { World } from './world.ts';

interface Counted {
  readonly what: 'delivered' | 'retried' | 'given-up';
  readonly channel: Channel;
  readonly code?: string;
}

/** Counts like Prometheus would, and can be waited for: by then, what is counted is committed. */
class WatchedMetrics extends Watched<Counted> implements RelayMetrics {
  readonly lags: number[] = [];

  delivered(channel: Channel): void {
    this.add({ what: 'delivered', channel });
  }
  retried(channel: Channel, code: string): void {
    this.add({ what: 'retried', channel, code });
  }
  givenUp(channel: Channel, code: string): void {
    this.add({ what: 'given-up', channel, code });
  }
  lag(_channel: Channel, ms: number): void {
    this.lags.push(ms);
  }

  /** Resolves when it was counted so often. */
  times(what: Counted['what'], n: number): Promise<void> {
    return this.until((items) => items.filter((item) => item.what === what).length >= n);
  }
}

export interface StartedRelay {
  readonly relay: OutboxRelay;
  readonly metrics: WatchedMetrics;
}

export function lane(
  handler: OutboxHandler | OutboxHandler['deliver'],
  options: Partial<LaneOptions> = {},
): LaneOptions {
  return {
    handler: typeof handler === 'function' ? { deliver: handler } : handler,
    concurrency: 10,
    retryForMs: 86_400_000,
    ...options,
  };
}

/** A relay that is called when something is enqueued; it does not poll within a test's time. */
export function startRelay(
  world: World,
  lanes: Partial<Record<Channel, LaneOptions>>,
  parts: Partial<RelayParts> = {},
): StartedRelay {
  const metrics = new WatchedMetrics();
  const { work, relayDatabase: claimsDatabase, notifier, clock, logger } = world;
  const byChannel = new Map(Object.entries(lanes) as [Channel, LaneOptions][]);
  const relay = new OutboxRelay({
    claimsDatabase,
    work,
    lanes: byChannel,
    notifier,
    clock,
    logger,
    metrics,
    pollMs: 3_600_000,
    ...parts,
  });
  relay.start();
  return { relay, metrics };
}
