import type { Clock } from '../../../src/platform/clock.ts';

/** Real time, moved forward by a test. */
export class MovableClock implements Clock {
  #aheadMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  advanceMinutes(minutes: number): void {
    this.#aheadMs += minutes * 60_000;
  }
}
