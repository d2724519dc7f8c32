import type { Clock } from '../../../src/platform/clock.ts';

/** Real time, which a test may move forward or stop. */
export class TestClock implements Clock {
  #aheadMs = 0;
  #stoppedAt: number | null = null;
  #reads = 0;
  #onRead: (() => unknown) | null = null;

  now(): Date {
    this.#reads += 1;
    this.#onRead?.();
    return new Date((this.#stoppedAt ?? Date.now()) + this.#aheadMs);
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }

  /** As in a process that no longer runs. */
  stop(): void {
    this.#stoppedAt = Date.now();
  }

  /** Resolves when the time has been asked for so often from now on. */
  read(times: number): Promise<void> {
    const enough = this.#reads + times;
    return new Promise((resolve) => {
      this.#onRead = () => this.#reads >= enough && resolve();
    });
  }
}
