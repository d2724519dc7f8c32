import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Unavailable } from '../platform/errors.ts';

export interface FollowerParts {
  /** In the log of the process. */
  readonly name: string;
  /** What there is to do, across all organizations. */
  readonly find: () => Promise<readonly string[]>;
  /** Does a piece of it. @returns whether there may be more at once */
  readonly step: (found: string, signal: AbortSignal) => Promise<boolean>;
  readonly logger: Logger;
  /** Milliseconds between two looks. */
  readonly pollMs?: number;
  /** Done side by side at most. */
  readonly concurrency: number;
}

const POLL_MS = 1_000;
/** What failed is left alone for so long, so that it neither fills the log nor holds up the others. */
const AFTER_FAILURE_MS = 30_000;

/** Follows logs as they grow. Every worker runs one; what they do is written so that it is done once, whoever does it. */
export class LogFollower {
  readonly #parts: FollowerParts;
  readonly #stopping = new AbortController();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #resting = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Begins nothing more, breaks off what can be, and waits for the rest. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all(this.#underWay.values());
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      await pause(this.#parts.pollMs ?? POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { find, logger, name, concurrency } = this.#parts;
    try {
      for (const found of await find()) {
        if (this.#underWay.size >= concurrency) return;
        if (!this.#underWay.has(found) && (this.#resting.get(found) ?? 0) <= performance.now()) this.#begin(found);
      }
    } catch (error) {
      if (!(error instanceof Unavailable))
        logger.error({ err: error, follower: name }, 'what there is to do could not be found');
    }
  }

  #begin(found: string): void {
    const doing = this.#follow(found).finally(() => this.#underWay.delete(found));
    this.#underWay.set(found, doing);
  }

  async #follow(found: string): Promise<void> {
    const { step, logger, name } = this.#parts;
    const { signal } = this.#stopping;
    this.#resting.delete(found);
    try {
      while (!signal.aborted && (await step(found, signal)));
    } catch (error) {
      if (error instanceof Unavailable) return;
      this.#resting.set(found, performance.now() + AFTER_FAILURE_MS);
      logger.error({ err: error, follower: name, about: found }, 'a log could not be followed; trying again');
    }
  }
}
