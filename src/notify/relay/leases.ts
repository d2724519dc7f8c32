import type { Logger } from 'pino';
import type { Clock } from '../../platform/clock.ts';
import type { OutboxClaims } from './claims.ts';

/** Renewed so often within its length that two renewals may fail before it is lost. */
const RENEWALS_PER_LEASE = 3;

/**
 * The leases this process holds, renewed as long as it works on the messages. Whoever dies lets go of them by dying; whoever
 * was merely asleep for too long sees that they are lost, and does not begin what somebody else may be doing.
 */
export class Leases {
  readonly #claims: OutboxClaims;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lengthMs: number;
  readonly #held = new Map<string, Date>();
  #timer: NodeJS.Timeout | null = null;

  /** @param lengthMs milliseconds for which nobody else touches a message, once claimed or renewed */
  constructor(parts: { claims: OutboxClaims; clock: Clock; logger: Logger; lengthMs: number }) {
    this.#claims = parts.claims;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#lengthMs = parts.lengthMs;
  }

  start(): void {
    this.#renewLater();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** When a lease that is taken now ends. */
  endOf(from: Date): Date {
    return new Date(from.getTime() + this.#lengthMs);
  }

  take(ids: Iterable<string>, until: Date): void {
    for (const id of ids) this.#held.set(id, until);
  }

  letGo(id: string): void {
    this.#held.delete(id);
  }

  holds(id: string): boolean {
    const until = this.#held.get(id);
    return until !== undefined && until > this.#clock.now();
  }

  #renewLater(): void {
    this.#timer = setTimeout(
      () => void this.#renew().finally(() => this.#timer && this.#renewLater()),
      this.#lengthMs / RENEWALS_PER_LEASE,
    );
  }

  async #renew(): Promise<void> {
    const held = new Map(this.#held);
    if (held.size === 0) return;
    const until = this.endOf(this.#clock.now());
    try {
      const renewed = new Set(await this.#claims.renew(held, until));
      for (const id of held.keys()) {
        if (!this.#held.has(id)) continue;
        if (renewed.has(id)) this.#held.set(id, until);
        else this.#held.delete(id);
      }
    } catch (error) {
      this.#logger.warn(
        { error: error instanceof Error ? error.name : 'unknown' },
        'the leases of outbox messages could not be renewed',
      );
    }
  }
}
