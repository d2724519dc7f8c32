import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judge } from '../../src/notify/relay/verdict.ts';
import type { ClaimedMessage, Delivery } from '../../src/notify/relay/handler.ts';
import { retryDelay } from '../../src/notify/rules/backoff.ts';

const MINUTE = 60_000;
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const madeAt = new Date('2026-11-23T09:00:00Z');
const failed: Delivery = { outcome: 'retry', error: 'smtp-450' };

function message(attempts: number): ClaimedMessage {
  return {
    id: 'm',
    organization: 'o',
    channel: 'mail',
    reference: {},
    body: null,
    attempts,
    createdAt: madeAt,
    dueAt: madeAt,
  };
}

describe('the pause between two attempts', () => {
  test('is never shorter than a second nor longer than a quarter of an hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), random, (attempts, drawn) => {
        const delay = retryDelay(attempts, drawn);
        return delay >= 1_000 && delay <= 15 * MINUTE;
      }),
    );
  });

  test('doubles, less up to half of it', () => {
    expect([1, 2, 3, 4, 5, 10, 11, 50].map((attempts) => retryDelay(attempts, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 512_000, 900_000, 900_000,
    ]);
    expect([1, 2, 3, 50].map((attempts) => retryDelay(attempts, 0.5))).toEqual([1_000, 1_500, 3_000, 675_000]);
  });
});

describe('what is made of a failed attempt', () => {
  test('it is due again after the pause', () => {
    expect(judge(failed, message(3), madeAt, 0, null)).toMatchObject({
      ending: 'retry',
      error: 'smtp-450',
      dueAt: new Date(madeAt.getTime() + 4_000),
    });
  });

  test('a receiver may ask for a longer pause, not for a shorter one', () => {
    const [later, sooner] = [new Date(madeAt.getTime() + MINUTE), new Date(madeAt.getTime() + 1)];
    expect(judge({ ...failed, notBefore: later }, message(1), madeAt, 0, null)).toMatchObject({ dueAt: later });
    expect(judge({ ...failed, notBefore: sooner }, message(3), madeAt, 0, null)).toMatchObject({
      dueAt: new Date(madeAt.getTime() + 4_000),
    });
  });

  test('it is given up exactly when the next attempt would come too late', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        random,
        fc.integer({ min: 0, max: 7 * 1_440 }),
        (attempts, drawn, minutes) => {
          const now = new Date(madeAt.getTime() + minutes * MINUTE);
          const verdict = judge(failed, message(attempts), now, drawn, 1_440 * MINUTE);
          const tooLate = now.getTime() + retryDelay(attempts, drawn) > madeAt.getTime() + 1_440 * MINUTE;
          return verdict.ending === (tooLate ? 'given-up' : 'retry');
        },
      ),
    );
  });

  test('without an end it is tried for ever', () => {
    const inTenYears = new Date(madeAt.getTime() + 3_650 * 1_440 * MINUTE);
    expect(judge(failed, message(400_000), inTenYears, 0, null)).toMatchObject({ ending: 'retry' });
  });
});
