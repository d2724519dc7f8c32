import { LogFollower } from '../audit/log-follower.ts';
import { FailureNotice } from '../audit/streams/failure-notice.ts';
import { sendersWith } from '../audit/streams/senders.ts';
import { StreamFeed } from '../audit/streams/stream-feed.ts';
import { streamLags, streamsToFeed } from '../audit/streams/stream-store.ts';
import { AccessWatch } from '../audit/watch/access-watch.ts';
import { CountryFile, NO_COUNTRIES } from '../audit/watch/countries.ts';
import { FindingNotice } from '../audit/watch/finding-notice.ts';
import { oldestUnwatched, organizationsToWatch } from '../audit/watch/watch-store.ts';
import { oldestUndigested } from '../budgets/journal/change-store.ts';
import { MinuteDigests } from '../budgets/journal/minute-digests.ts';
import { EventPublisher } from '../notify/service.ts';
import type { BareDatabase } from '../platform/database/bare.ts';
import { sealedEntries } from './audit.ts';
import type { Core } from './core.ts';

/** Each organization's log is looked through by one at a time; so many logs are side by side. */
const WATCHED_AT_ONCE = 4;
const FED_AT_ONCE = 16;
const DIGESTED_AT_ONCE = 2;
/** A minute is digested within some seconds of its end. */
const DIGEST_POLL_MS = 5_000;

/**
 * What follows the logs as they grow: the look for unusual access, the streams to other systems, and the digests of what happens
 * to reservations.
 * @param sealer opened under `countersign_sealer`, which sees where there is something to do
 */
export async function composeFollowers(
  { config, logger, clock, metrics, master, vault, notifier, work, people }: Core,
  sealer: BareDatabase,
) {
  const entries = sealedEntries(config);
  const webhooks = new EventPublisher({ vault, clock, changes: notifier });
  const { auditCountryFile: file } = config;
  const countries = file === null ? NO_COUNTRIES : await CountryFile.open(file, logger);
  const watch = new AccessWatch({ work, master, entries, countries, notice: new FindingNotice({ people, webhooks }) });
  const senderFor = sendersWith({
    allowPrivate: config.webhookAllowPrivateAddresses,
    publicUrl: config.publicUrl,
    clock,
  });
  const feed = new StreamFeed({ work, entries, clock, senderFor, notice: new FailureNotice({ people, webhooks }) });
  const digests = new MinuteDigests({ work, sealer });
  metrics.watchStreams(() => streamLags(sealer));
  metrics.watchUnwatched(() => oldestUnwatched(sealer));
  metrics.watchUndigested(() => oldestUndigested(sealer));
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
    new LogFollower({
      name: 'reservation-digests',
      find: () => digests.due(),
      step: (organization) => digests.step(organization),
      logger,
      pollMs: DIGEST_POLL_MS,
      concurrency: DIGESTED_AT_ONCE,
    }),
  ];
  return {
    start: () => followers.forEach((follower) => follower.start()),
    stop: async () => void (await Promise.all(followers.map((follower) => follower.stop()))),
  };
}
