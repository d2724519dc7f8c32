import type { Clock } from '../../../src/platform/clock.ts';

/** Goes on like the system's clock, from wherever it was set to. */
export class SetClock implements Clock {
  #aheadMs = 0;

  constructor(at: string) {
    this.set(at);
  }

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  set(at: string): void {
    this.#aheadMs = Date.parse(at) - Date.now();
  }
}
