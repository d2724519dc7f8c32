import type { EventPublisher } from '../../notify/service.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import type { People } from '../../tenancy/service.ts';
import { mailAll, peopleToTell } from '../told-people.ts';
import type { LeasedStream, StreamProgress } from './stream-store.ts';

/** What fails for so long does not come back by itself. */
const TOLD_AFTER_MS = 3_600_000;

/** Has those told who can do something about a stream that fails: once, until it has worked again. */
export class FailureNotice {
  readonly #people: People;
  readonly #webhooks: EventPublisher;

  constructor(parts: { people: People; webhooks: EventPublisher }) {
    this.#people = parts.people;
    this.#webhooks = parts.webhooks;
  }

  isDue({ failingSince, toldAt }: StreamProgress, now: Date): boolean {
    return failingSince !== null && toldAt === null && now.getTime() - failingSince.getTime() >= TOLD_AFTER_MS;
  }

  async tell(
    tx: Transaction,
    { id, name }: LeasedStream,
    { next, lastError, failingSince }: StreamProgress,
  ): Promise<void> {
    const { organization } = tx.origin;
    tx.record({
      action: 'audit.stream_failing',
      resource: { type: 'audit_stream', id },
      detail: { next, error: lastError },
    });
    const recipients = await peopleToTell(tx.em, organization, null, tx.at);
    const profiles = await this.#people.profiles(tx.em, organization, recipients);
    const since = failingSince?.toISOString() ?? '';
    mailAll(
      tx,
      recipients,
      profiles,
      {
        subject: `The audit log does not arrive: ${name}`,
        paragraphs: [
          `The audit log could not be sent to the stream “${name}” for an hour. It is tried further, every 15 minutes at least, and goes on where it stood: nothing is lost.`,
        ],
        facts: [
          ['Failing since', since],
          ['Last error', lastError ?? 'unknown'],
          ['Next entry to send', String(next)],
        ],
        footer:
          'You are told once, because you are an owner, admin or auditor. GET /api/v1/audit/streams shows how it stands.',
      },
      { template: 'audit-stream-failing', subjects: [] },
    );
    await this.#webhooks.enqueue(tx, {
      type: 'audit.stream_failing',
      data: { stream: { name, failing_since: since, last_error: lastError, next } },
      subjects: [],
    });
  }
}
