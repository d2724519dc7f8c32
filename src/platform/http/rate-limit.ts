import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ProblemError } from '../errors.ts';

const WINDOW_S = 60;

/** Counts requests by key, or by address where there is no valid one. Each process counts for itself. */
export class RateLimit {
  readonly #limiter: RateLimiterMemory | null;

  /** @param perMinute 0 switches the limit off */
  constructor(perMinute: number) {
    this.#limiter = perMinute > 0 ? new RateLimiterMemory({ points: perMinute, duration: WINDOW_S }) : null;
  }

  /** Counts one request. @throws ProblemError `rate-limited`, with the seconds to wait */
  async take(subject: string): Promise<void> {
    try {
      await this.#limiter?.consume(subject);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw tooMany(refusal);
    }
  }

  /** Looks whether another request would be let through, without counting one. @throws ProblemError `rate-limited` */
  async checkRoom(subject: string): Promise<void> {
    const used = await this.#limiter?.get(subject);
    if (used && used.remainingPoints <= 0) throw tooMany(used);
  }
}

function tooMany({ msBeforeNext }: RateLimiterRes): ProblemError {
  const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return new ProblemError('rate-limited', `There is room for more requests in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  });
}
