import type { Caller } from '../platform/http/caller.ts';
import type { Operation } from '../platform/http/route.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import type { Incoming, UsageBooking } from './booking.ts';
import type { Rejection } from './rejection.ts';
import type { SpendSink } from './spend-sink.ts';

export interface IntakeResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly index: number; readonly rejection: Rejection }[];
}

/**
 * Takes batches of usage events in: one transaction and one audit entry each, whatever becomes of its events. A batch that comes
 * again because nobody heard the answer has its entry already.
 */
export class UsageIntake {
  readonly #work: UnitOfWork;
  readonly #booking: UsageBooking;
  readonly #sink: SpendSink | null;

  /** @param sink told of what was spent, in the same transaction */
  constructor(parts: { work: UnitOfWork; booking: UsageBooking; sink: SpendSink | null }) {
    this.#work = parts.work;
    this.#booking = parts.booking;
    this.#sink = parts.sink;
  }

  take(caller: Caller, origin: Origin, operation: Operation, incoming: readonly Incoming[]): Promise<IntakeResult> {
    return this.#work.write(origin, async (tx) => {
      const { outcomes, booked, spends, digest } = await this.#booking.book(tx, caller, incoming, operation.id);
      if (spends.length > 0) await this.#sink?.booked(tx, spends);
      const count = (status: 'accepted' | 'duplicate') =>
        outcomes.filter((outcome) => outcome.status === status).length;
      const rejected = outcomes.flatMap((outcome, index) =>
        outcome.status === 'rejected' ? [{ index, rejection: outcome.rejection }] : [],
      );
      const result = { accepted: count('accepted'), duplicates: count('duplicate'), rejected };
      const isRecorded = booked === 0 && result.accepted > 0;
      if (!isRecorded)
        tx.record({
          action: 'usage.reported',
          resource: { type: 'usage_batch', id: operation.id },
          detail: { accepted: booked, duplicates: result.duplicates, rejected: rejected.length, digest },
        });
      return result;
    });
  }
}
