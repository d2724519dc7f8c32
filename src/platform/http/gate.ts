import { sha256 } from '../crypto/master-key.ts';
import { ProblemError } from '../errors.ts';
import type { Authenticator, Caller } from './caller.ts';
import type { RateLimit } from './rate-limit.ts';

/** Lets in who has a valid key and has not asked too often. */
export class Gate {
  readonly #authenticator: Authenticator;
  readonly #rateLimit: RateLimit;

  constructor(parts: { authenticator: Authenticator; rateLimit: RateLimit }) {
    this.#authenticator = parts.authenticator;
    this.#rateLimit = parts.rateLimit;
  }

  /**
   * Whoever is over the limit is sent away before the database is asked. Wrong keys count against the address they come
   * from: each of them is another one, and would never reach a limit of its own.
   * @param authorization the header, as it came
   * @throws ProblemError `unauthenticated`, `rate-limited` or `unavailable`
   */
  async admit(authorization: string | undefined, address: string | undefined): Promise<Caller> {
    const bearer = bearerIn(authorization);
    const fromAddress = `address ${address}`;
    if (bearer === null) {
      await this.#rateLimit.take(fromAddress);
      throw new ProblemError('unauthenticated', 'Send an API key: `Authorization: Bearer <key>`.');
    }
    const byKey = `key ${sha256(bearer).toString('base64')}`;
    await this.#rateLimit.checkRoom(byKey);
    const caller = await this.#identify(bearer, fromAddress);
    await this.#rateLimit.take(byKey);
    return caller;
  }

  async #identify(bearer: string, fromAddress: string): Promise<Caller> {
    try {
      return await this.#authenticator.authenticate(bearer);
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'unauthenticated') await this.#rateLimit.take(fromAddress);
      throw error;
    }
  }
}

/** RFC 6750, 2.1. */
function bearerIn(authorization: string | undefined): string | null {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1] ?? null;
}
