import { connectionFailure } from '../../notify/rules/webhook-answer.ts';
import { retryDelay } from '../../notify/rules/backoff.ts';
import type { Clock } from '../../platform/clock.ts';
import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import { ProblemError, Unavailable } from '../../platform/errors.ts';
import type { Origin, UnitOfWork } from '../../platform/unit-of-work.ts';
import { sourceOf } from '../entry-source.ts';
import { unlockPersonal } from '../reading/personal-fields.ts';
import { leafFields } from '../reading/leaf-fields.ts';
import { ocsfEvent, type StreamedEntry } from '../rules/ocsf/event.ts';
import { EntryMissing, type SealedEntries, type SealedEntry } from '../sealed-entries.ts';
import type { FailureNotice } from './failure-notice.ts';
import { type StreamedEvent, StreamRefused, type StreamSender } from './sender.ts';
import { type LeasedStream, type StreamProgress, takeLease, writeProgress } from './stream-store.ts';
import { openTarget, type StreamTarget } from './target.ts';

export interface StreamFeedParts {
  readonly work: UnitOfWork;
  readonly entries: SealedEntries;
  readonly clock: Clock;
  readonly notice: FailureNotice;
  readonly senderFor: (target: StreamTarget) => StreamSender;
  /** From 0 (included) to 1 (excluded); spreads retries. */
  readonly random?: () => number;
}

/** Entries sent at once. */
export const STREAM_BATCH = 200;
/** Milliseconds for one batch: longer than any sender takes, so that nobody else begins while one still may arrive. */
const LEASE_MS = 60_000;

interface Batch {
  /** Null where the organization was erased: nothing can be sent any more. */
  readonly target: StreamTarget | null;
  readonly events: readonly StreamedEvent[];
}

/**
 * Sends logs to the streams that organizations have set up: in order, from where it stood, at least once. A batch counts as
 * sent when its receiver took it; whatever happens in between, it is sent again.
 */
export class StreamFeed {
  readonly #parts: StreamFeedParts;

  constructor(parts: StreamFeedParts) {
    this.#parts = parts;
  }

  /**
   * Sends the next batch of a stream.
   * @param found `organization/stream`, as `streamsToFeed` gives it
   * @returns whether there may be more at once
   * @throws Unavailable where the database does not answer
   */
  async step(found: string, signal: AbortSignal): Promise<boolean> {
    const [organization = '', id = ''] = found.split('/');
    const { work, clock } = this.#parts;
    const now = clock.now();
    const stream = await work.bookkeep(originOf(organization), (tx) =>
      takeLease(tx.em, organization, id, now, new Date(now.getTime() + LEASE_MS)),
    );
    if (!stream) return false;
    try {
      const { target, events } = await this.#read(stream);
      if (!target) throw new StreamRefused('erased');
      if (events.length > 0) await this.#send(target, events, signal);
      return (await this.#settle(stream, events.length)) && events.length === STREAM_BATCH;
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      await this.#fail(stream, error, signal);
      return false;
    }
  }

  #read(stream: LeasedStream): Promise<Batch> {
    const { work, entries } = this.#parts;
    const { organization, next } = stream;
    return work.read(organization, async (em) => {
      const orgKeys = await work.vault.unlock(em, organization, [organization]);
      const target = openTarget(stream, orgKeys);
      const read = await entries.read(em, organization, { start: next, end: next + STREAM_BATCH });
      const keys = target?.personal ? await unlockPersonal(work.vault, em, organization, read) : null;
      return { target, events: read.map((entry) => ({ at: entry.at, event: ocsfEvent(streamed(entry, keys)) })) };
    });
  }

  async #send(target: StreamTarget, events: readonly StreamedEvent[], signal: AbortSignal): Promise<void> {
    const sender = this.#parts.senderFor(target);
    try {
      await sender.send(events, signal);
    } finally {
      await sender.close();
    }
  }

  #settle(stream: LeasedStream, sent: number): Promise<boolean> {
    const now = this.#parts.clock.now();
    return this.#write(stream, {
      next: stream.next + sent,
      dueAt: now,
      attempts: 0,
      lastError: null,
      failingSince: null,
      toldAt: null,
      ...(sent > 0 && { deliveredAt: now }),
    });
  }

  /** What was broken off because we stop is no failure of the receiver. */
  async #fail(stream: LeasedStream, error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random } = this.#parts;
    const now = clock.now();
    const { next, attempts, failingSince, toldAt, lastError } = stream;
    if (signal.aborted) {
      await this.#write(stream, { next, attempts, failingSince, toldAt, lastError, dueAt: now });
      return;
    }
    const dueAt = new Date(
      Math.max(
        now.getTime() + retryDelay(attempts + 1, random()),
        (error instanceof StreamRefused && error.notBefore?.getTime()) || 0,
      ),
    );
    await this.#write(stream, {
      next,
      attempts: attempts + 1,
      dueAt,
      lastError: codeOf(error),
      failingSince: failingSince ?? now,
      toldAt,
    });
  }

  #write(stream: LeasedStream, progress: StreamProgress): Promise<boolean> {
    const { work, notice, clock } = this.#parts;
    const now = clock.now();
    const isDue = notice.isDue(progress, now);
    return work.bookkeep(originOf(stream.organization), async (tx) => {
      const isWritten = await writeProgress(tx.em, stream, isDue ? { ...progress, toldAt: now } : progress);
      if (isWritten && isDue) await notice.tell(tx, stream, progress);
      return isWritten;
    });
  }
}

function streamed(entry: SealedEntry, keys: UnlockedKeys | null): StreamedEntry {
  return {
    seq: entry.seq,
    fields: leafFields(entry.leaf),
    leafHash: entry.leafHash.toString('base64'),
    source: keys && sourceOf(entry, keys),
  };
}

/** A code of ours for the admin; a receiver's own text may hold anything. */
function codeOf(error: unknown): string {
  const isOurs = error instanceof StreamRefused || error instanceof EntryMissing || error instanceof ProblemError;
  return isOurs ? error.code : connectionFailure(error);
}

function originOf(organization: string): Origin {
  return { organization, actor: { type: 'system', id: null }, requestId: null };
}
