import { retryDelay } from '../rules/backoff.ts';
import type { Bookkeeping, ClaimedMessage, Delivery } from './handler.ts';

/** What is to be written about an attempt. */
export type Verdict =
  | { readonly ending: 'delivered'; readonly record?: Bookkeeping }
  | { readonly ending: 'retry'; readonly error: string; readonly dueAt: Date; readonly record?: Bookkeeping }
  | { readonly ending: 'given-up'; readonly error: string; readonly record?: Bookkeeping }
  | { readonly ending: 'postponed'; readonly dueAt: Date }
  | { readonly ending: 'obsolete' };

/**
 * Turns what came of an attempt into what is to be written: when to try again, or that it is too late for that.
 * @param random from 0 (included) to 1 (excluded)
 * @param retryForMs milliseconds from the making of the message to its last attempt; null: no end
 */
export function judge(
  delivery: Delivery,
  message: ClaimedMessage,
  now: Date,
  random: number,
  retryForMs: number | null,
): Verdict {
  switch (delivery.outcome) {
    case 'delivered':
      return { ending: 'delivered', record: delivery.record };
    case 'given-up':
      return { ending: 'given-up', error: delivery.error, record: delivery.record };
    case 'postponed':
      return { ending: 'postponed', dueAt: delivery.until };
    case 'obsolete':
      return { ending: 'obsolete' };
    case 'retry': {
      const backoff = now.getTime() + retryDelay(message.attempts, random);
      const dueAt = new Date(Math.max(backoff, delivery.notBefore?.getTime() ?? 0));
      const tooLate = retryForMs !== null && dueAt.getTime() > message.createdAt.getTime() + retryForMs;
      return { ending: tooLate ? 'given-up' : 'retry', error: delivery.error, dueAt, record: delivery.record };
    }
  }
}
