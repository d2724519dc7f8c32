import type { Logger } from 'pino';
import { rest } from './rest.ts';

/** What is done in a round. It may be cut short once the signal says so; whatever fails is left for the next one. */
export type Round = (signal: AbortSignal) => Promise<void>;

/** For what is done outside of rounds. */
export const NEVER_CUT_SHORT = new AbortController().signal;

interface RoundsParts {
  /** For the log, such as `free holds`. */
  readonly name: string;
  /** From the end of a round to the beginning of the next. */
  readonly everyMs: number;
  readonly round: Round;
  readonly logger: Logger;
}

/** Does something again and again, at once and one round after the other, until it is stopped. */
export class Rounds {
  readonly #parts: RoundsParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends when the round that is on has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { everyMs } = this.#parts;
    while (!signal.aborted) {
      await this.#round(signal);
      await rest(everyMs, signal);
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { name, round, logger } = this.#parts;
    try {
      await round(signal);
    } catch (error) {
      logger.warn({ err: error, round: name }, 'a round has failed; the next one goes on');
    }
  }
}
