import { LogFollower } from '../audit/log-follower.ts';
import { FailureNotice } from '../audit/streams/failure-notice.ts';
import { sendersWith } from '../audit/streams/senders.ts';
import { StreamFeed } from '../audit/streams/stream-feed.ts';
import { streamsToFeed } from '../audit/streams/stream-store.ts';
import { AccessWatch } from '../audit/watch/access-watch.ts';
import { FindingNotice } from '../audit/watch/finding-notice.ts';
import { organizationsToWatch } from '../audit/watch/watch-store.ts';
import { EventPublisher } from '../notify/service.ts';
import type { BareDatabase } from '../platform/database/bare.ts';
import { sealedEntries } from './audit.ts';
import type { Core } from './core.ts';

/** Each organization's log is looked through by one at a time; so many logs are side by side. */
const WATCHED_AT_ONCE = 4;
const FED_AT_ONCE = 16;

/**
 * What follows the logs as they grow: the look for unusual access, and the streams to other systems.
 * @param sealer opened under `countersign_sealer`, which sees where there is something to do
 */
export function composeFollowers(
  { config, logger, clock, master, vault, notifier, work, people }: Core,
  sealer: BareDatabase,
) {
  const entries = sealedEntries(config);
  const webhooks = new EventPublisher({ vault, clock, changes: notifier });
  const watch = new AccessWatch({ work, master, entries, notice: new FindingNotice({ people, webhooks }) });
  const senderFor = sendersWith({
    allowPrivate: config.webhookAllowPrivateAddresses,
    publicUrl: config.publicUrl,
    clock,
  });
  const feed = new StreamFeed({ work, entries, clock, senderFor, notice: new FailureNotice({ people, webhooks }) });
  const followers = [
    new LogFollower({
      name: 'audit-watch',
      find: () => organizationsToWatch(sealer),
      step: (organization) => watch.step(organization),
      logger,
      concurrency: WATCHED_AT_ONCE,
    }),
    new LogFollower({
      name: 'audit-streams',
      find: () => streamsToFeed(sealer, clock.now()),
      step: (found, signal) => feed.step(found, signal),
      logger,
      concurrency: FED_AT_ONCE,
    }),
  ];
  return {
    start: () => followers.forEach((follower) => follower.start()),
    stop: async () => void (await Promise.all(followers.map((follower) => follower.stop()))),
  };
}
