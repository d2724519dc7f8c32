import type { Clock } from '../../../src/platform/clock.ts';

/** Real time, which a test may move forward or stop. */
export class TestClock implements Clock {
  #aheadMs = 0;
  #stoppedAt: number | null = null;

  now(): Date {
    return new Date((this.#stoppedAt ?? Date.now()) + this.#aheadMs);
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }

  /** As in a process that no longer runs. */
  stop(): void {
    this.#stoppedAt = Date.now();
  }
}
