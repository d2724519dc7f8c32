import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Alarm } from '../platform/alarm.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { Attempts } from './relay/attempts.ts';
import { type Claim, OutboxClaims } from './relay/claims.ts';
import type { Channel, LaneOptions, RelayMetrics } from './relay/handler.ts';
import { Lane } from './relay/lane.ts';
import { Leases } from './relay/leases.ts';
import { type OpenedMessage, openBodies } from './relay/open-bodies.ts';

export interface RelayParts {
  /** Opened under `countersign_relay`. */
  readonly claimsDatabase: Database;
  /** What settles the messages, organization by organization. */
  readonly work: UnitOfWork;
  /** The channels this relay serves. */
  readonly lanes: ReadonlyMap<Channel, LaneOptions>;
  readonly notifier: { onOutbox(listener: () => void): () => void };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RelayMetrics;
  /** From 0 (included) to 1 (excluded); spreads retries. */
  readonly random?: () => number;
  /** Milliseconds for which a claimed message is this process's, unless renewed: how long a crash delays it. */
  readonly leaseMs?: number;
  /** Milliseconds after which to look even though nobody called. */
  readonly pollMs?: number;
}

/**
 * What a process that was killed had claimed waits so long for another: a mail, or an approved increase that its budget has not
 * heard of. It is no limit for an attempt, since leases are renewed every third of it; but a process that stands still for
 * longer, or cannot reach the database, has its messages sent a second time by somebody else.
 */
const LEASE_MS = 15_000;
const POLL_MS = 10_000;
/** Between two tries while the database is away. */
const AWAY_MS = 1_000;
/** Between two claims: under load, what came in meanwhile is claimed together. */
const SHORTEST_NAP_MS = 20;
/** What is broken off at the end has this long to be written down. */
const LAST_WORDS_MS = 1_000;

/**
 * Carries out what was put into the outbox of any organization, at least once. Every worker process runs one; they share the
 * work without knowing of each other.
 */
export class OutboxRelay {
  readonly #parts: RelayParts;
  readonly #claims: OutboxClaims;
  readonly #leases: Leases;
  readonly #attempts: Attempts;
  readonly #lanes: readonly Lane[];
  readonly #alarm = new Alarm();
  readonly #pollMs: number;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();
  #unsubscribe: () => void = () => undefined;

  constructor(parts: RelayParts) {
    const { work, clock, logger, metrics, random = Math.random } = parts;
    this.#parts = parts;
    this.#pollMs = parts.pollMs ?? POLL_MS;
    this.#claims = new OutboxClaims(parts.claimsDatabase);
    this.#leases = new Leases({ claims: this.#claims, clock, logger, lengthMs: parts.leaseMs ?? LEASE_MS });
    this.#attempts = new Attempts({
      work,
      leases: this.#leases,
      clock,
      logger,
      metrics,
      random,
      onChange: () => this.#alarm.ring(),
    });
    this.#lanes = [...parts.lanes].map(
      ([channel, options]) => new Lane(channel, options, (opened, lane) => this.#attempts.attempt(opened, lane)),
    );
  }

  start(): void {
    this.#unsubscribe = this.#parts.notifier.onOutbox(() => this.#alarm.ring());
    this.#leases.start();
    this.#running = this.#run();
  }

  /**
   * Claims nothing more, gives back what was not begun, and lets the rest finish.
   * @param deadlineMs milliseconds; what has not finished by then is broken off, and tried again when its lease runs out
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    this.#alarm.ring();
    const finished = this.#finish();
    if (!(await endsWithin(finished, deadlineMs))) {
      this.#attempts.breakOff();
      await endsWithin(finished, LAST_WORDS_MS);
    }
    this.#attempts.abandon();
    this.#leases.stop();
    for (const { options } of this.#lanes) await options.handler.close?.();
  }

  async #finish(): Promise<void> {
    this.#giveBack();
    // It may have been about to claim.
    await this.#running;
    this.#giveBack();
    for (const lane of this.#lanes) await lane.idle();
    await this.#attempts.idle();
  }

  #giveBack(): void {
    for (const lane of this.#lanes) this.#attempts.giveBack(lane.drain(), lane);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#alarm.sleep(await this.#claimDue());
      await pause(SHORTEST_NAP_MS);
    }
  }

  /** @returns after how many milliseconds to look again, unless called before */
  async #claimDue(): Promise<number> {
    const room = new Map(this.#lanes.map((lane) => [lane.channel, lane.room] as const).filter(([, free]) => free > 0));
    if (room.size === 0) return this.#pollMs;
    try {
      const now = this.#parts.clock.now();
      const { claims, nextDue } = await this.#claims.claim(room, now, this.#leases.endOf(now));
      await this.#handOut(claims, room, this.#leases.endOf(now));
      return nextDue
        ? Math.min(this.#pollMs, Math.max(0, nextDue.getTime() - this.#parts.clock.now().getTime()))
        : this.#pollMs;
    } catch (error) {
      this.#parts.logger.warn(
        { error: error instanceof Error ? error.name : 'unknown' },
        'the outbox could not be read; trying again',
      );
      return Math.min(this.#pollMs, AWAY_MS);
    }
  }

  /** Where the keys cannot be read now, the messages are left alone until their lease has run out. */
  async #handOut(claims: readonly Claim[], room: ReadonlyMap<Channel, number>, leaseUntil: Date): Promise<void> {
    const opened: OpenedMessage[] = [];
    for (const [organization, own] of Map.groupBy(claims, (claim) => claim.organization)) {
      opened.push(...(await openBodies(this.#parts.work, organization, own)));
    }
    this.#leases.take(
      claims.map((claim) => claim.id),
      leaseUntil,
    );
    for (const lane of this.#lanes) {
      const offered = room.get(lane.channel);
      if (offered !== undefined)
        lane.accept(
          opened.filter(({ message }) => message.channel === lane.channel),
          offered,
        );
    }
  }
}

/** @returns false where the time is over first */
async function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const ended = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => ended.resolve(false), ms);
  work.then(() => ended.resolve(true), ended.reject);
  return ended.promise.finally(() => clearTimeout(timer));
}
