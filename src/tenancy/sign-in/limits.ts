import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ProblemError } from '../../platform/errors.ts';

const HOUR_S = 3600;
const MAILS_PER_ADDRESS = 5;
const MAILS_PER_CLIENT = 20;

/** How many sign-in mails may be asked for. Each process counts for itself. */
export class SignInLimits {
  readonly #perAddress = new RateLimiterMemory({ keyPrefix: 'address', points: MAILS_PER_ADDRESS, duration: HOUR_S });
  readonly #perClient = new RateLimiterMemory({ keyPrefix: 'client', points: MAILS_PER_CLIENT, duration: HOUR_S });

  /**
   * Counts one mail that was asked for, whether or not the address is known: the limit says nothing about who is here.
   * @param address the mail address's keyed hash: no address is kept, not even in memory
   * @param client the network address that asks
   * @throws ProblemError `rate-limited`, with the seconds to wait
   */
  async take(address: Uint8Array, client: string): Promise<void> {
    await consume(this.#perClient, client);
    await consume(this.#perAddress, Buffer.from(address).toString('base64'));
  }
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    const retryAfterSeconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
    throw new ProblemError(
      'rate-limited',
      `Too many sign-in mails were asked for. Use the newest one you have, or try again in ${retryAfterSeconds} s.`,
      { retryAfterSeconds },
    );
  }
}
