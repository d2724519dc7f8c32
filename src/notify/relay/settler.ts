import { setTimeout as pause } from 'node:timers/promises';
import { rest } from '../../platform/rest.ts';
import type { Logger } from 'pino';
import { Unavailable } from '../../platform/errors.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { type Attempt, writeEndings } from './settlement.ts';

/** Attempts that end within this time are settled together. */
const GATHER_MS = 10;
const MOST_AT_ONCE = 100;
/** So many connections to the database are taken at most; the others are for those who ask for something. */
const WRITERS = 2;
const PAUSE_WHILE_AWAY_MS = 1_000;
/** What fails so often fails because of what is to be written. */
const TRIES = 3;
const PAUSE_AFTER_FAILURE_MS = 200;

/** Writes how attempts ended, many of one organization in one transaction, and does not rest until it is written. */
export class Settler {
  readonly #work: UnitOfWork;
  readonly #logger: Logger;
  readonly #onSettled: (attempt: Attempt) => void;
  readonly #waiting = new Map<string, Attempt[]>();
  readonly #abandoned = new AbortController();
  readonly #writers = new Set<Promise<void>>();

  constructor(parts: { work: UnitOfWork; logger: Logger; onSettled: (attempt: Attempt) => void }) {
    this.#work = parts.work;
    this.#logger = parts.logger;
    this.#onSettled = parts.onSettled;
  }

  settle(attempt: Attempt): void {
    const { organization } = attempt.message;
    const waiting = this.#waiting.get(organization);
    if (waiting) waiting.push(attempt);
    else this.#waiting.set(organization, [attempt]);
    if (this.#writers.size < WRITERS) this.#startWriter();
  }

  /** Resolves when everything that was handed over is written. */
  async idle(): Promise<void> {
    while (this.#writers.size > 0) await Promise.all(this.#writers);
  }

  /** What is not written by now stays leased, and is tried once more when the lease runs out. */
  abandon(): void {
    this.#abandoned.abort();
  }

  #startWriter(): void {
    const writer = this.#writeAll().finally(() => this.#writers.delete(writer));
    this.#writers.add(writer);
  }

  async #writeAll(): Promise<void> {
    await pause(GATHER_MS);
    for (let next = this.#takeNext(); next && !this.#abandoned.signal.aborted; next = this.#takeNext()) {
      await this.#writePersistently(next);
      if (!this.#abandoned.signal.aborted) next.forEach(this.#onSettled);
    }
  }

  #takeNext(): Attempt[] | null {
    const [organization, attempts] = this.#waiting.entries().next().value ?? [];
    if (!organization || !attempts) return null;
    const taken = attempts.splice(0, MOST_AT_ONCE);
    // To the end of the line, so that a busy organization leaves the others their turn.
    this.#waiting.delete(organization);
    if (attempts.length > 0) this.#waiting.set(organization, attempts);
    return taken;
  }

  /** A delivered message that is not removed would be delivered again: whatever happens, its row must go. */
  async #writePersistently(attempts: Attempt[], withBookkeeping = true): Promise<void> {
    for (let failures = 0; !this.#abandoned.signal.aborted;) {
      try {
        return await writeEndings(this.#work, attempts, withBookkeeping);
      } catch (error) {
        const away = error instanceof Unavailable;
        if (!away && attempts.length > 1) return this.#writeOneByOne(attempts);
        if (!away) failures += 1;
        if (failures >= TRIES) return this.#writeWithoutBookkeeping(attempts, withBookkeeping, error);
        await rest(away ? PAUSE_WHILE_AWAY_MS : PAUSE_AFTER_FAILURE_MS, this.#abandoned.signal);
      }
    }
  }

  /** Something about one of them is wrong; the others are not to suffer for it. */
  async #writeOneByOne(attempts: Attempt[]): Promise<void> {
    for (const attempt of attempts) await this.#writePersistently([attempt]);
  }

  /** Somebody's bookkeeping is broken. Better a message that nobody has noted than one that is sent for ever. */
  async #writeWithoutBookkeeping(attempts: Attempt[], hadBookkeeping: boolean, error: unknown): Promise<void> {
    const message = attempts[0]?.message;
    this.#logger.error(
      { message: message?.id, channel: message?.channel, error: nameOf(error), hadBookkeeping },
      'the end of an outbox message could not be written',
    );
    if (hadBookkeeping) await this.#writePersistently(attempts, false);
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
