import { rest } from '../platform/rest.ts';
import type { Logger } from 'pino';
import { Unavailable } from '../platform/errors.ts';

export interface FollowerParts {
  /** In the log of the process. */
  readonly name: string;
  /** What there is to do, across all organizations; what has waited longest comes first. */
  readonly find: () => Promise<readonly string[]>;
  /** Does a piece of it. @returns whether there may be more at once */
  readonly step: (found: string, signal: AbortSignal) => Promise<boolean>;
  readonly logger: Logger;
  /** Milliseconds between two looks while there is little to do. */
  readonly pollMs?: number;
  /** Done side by side at most. */
  readonly concurrency: number;
}

const POLL_MS = 1_000;
/** What failed is left alone for so long, so that it neither fills the log nor holds up the others. */
const AFTER_FAILURE_MS = 30_000;

/**
 * Follows logs as they grow: everything that a look has found is done, piece by piece in turns, before the next look. Every
 * worker runs one; what they do is written so that it is done once, whoever does it.
 */
export class LogFollower {
  readonly #parts: FollowerParts;
  readonly #stopping = new AbortController();
  /** In the order in which they get their turn. */
  readonly #waiting = new Set<string>();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #resting = new Map<string, number>();
  /** Whether anything went on since the last look. */
  #isGoingOn = false;
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
      this.#isGoingOn = false;
      await this.#look();
      const hadToWait = await this.#everybodysTurn();
      // Where nothing goes on, others are at it: asking again at once would only keep the database busy.
      if (hadToWait && this.#isGoingOn) continue;
      await rest(this.#parts.pollMs ?? POLL_MS, signal);
    }
  }

  async #look(): Promise<void> {
    const { find, logger, name } = this.#parts;
    try {
      for (const found of await find())
        if (!this.#underWay.has(found) && (this.#resting.get(found) ?? 0) <= performance.now())
          this.#waiting.add(found);
      this.#fill();
    } catch (error) {
      if (!(error instanceof Unavailable))
        logger.error({ err: error, follower: name }, 'what there is to do could not be found');
    }
  }

  /** @returns whether there was more to do than fits side by side */
  async #everybodysTurn(): Promise<boolean> {
    const hadToWait = this.#waiting.size > 0;
    while (this.#waiting.size > 0) await Promise.race(this.#underWay.values());
    return hadToWait;
  }

  #fill(): void {
    if (this.#stopping.signal.aborted) this.#waiting.clear();
    for (const found of this.#waiting) {
      if (this.#underWay.size >= this.#parts.concurrency) return;
      this.#waiting.delete(found);
      this.#underWay.set(found, this.#takeTurn(found));
    }
  }

  /** Whoever is not through gets in line again behind the others. */
  async #takeTurn(found: string): Promise<void> {
    const hasMore = await this.#step(found);
    this.#underWay.delete(found);
    if (hasMore) {
      this.#isGoingOn = true;
      this.#waiting.add(found);
    }
    this.#fill();
  }

  async #step(found: string): Promise<boolean> {
    const { step, logger, name } = this.#parts;
    this.#resting.delete(found);
    try {
      return await step(found, this.#stopping.signal);
    } catch (error) {
      // Nobody else would get further now.
      if (error instanceof Unavailable) this.#waiting.clear();
      else {
        this.#resting.set(found, performance.now() + AFTER_FAILURE_MS);
        logger.error({ err: error, follower: name, about: found }, 'a log could not be followed; trying again');
      }
      return false;
    }
  }
}
