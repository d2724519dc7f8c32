import type { Logger } from 'pino';

import { rest } from '../rest.ts';
import { ServiceUnavailableAtStart, reasonOf } from './errors.ts';

/** A server as the functions that start one hand it over. */
export interface EmbeddedServer {
  /** Fulfilled with a description such as `signal SIGKILL` when it has ended, for whatever reason. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
}

/** How long a server that has died is waited for, and how often. */
export interface RestartPace {
  /** Milliseconds before the first try; doubled with each that fails. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** A server that has run for so many milliseconds did not die at once: counting begins anew. */
  readonly steadyAfterMs: number;
  readonly tries: number;
}

/** Eleven tries within a minute. */
const PATIENT: RestartPace = { firstPauseMs: 100, longestPauseMs: 10_000, steadyAfterMs: 3_000, tries: 11 };

export interface KeepRunningOptions {
  /** What it is called, such as `PostgreSQL`. */
  readonly service: string;
  /** Which variable names a server that is used instead, such as `DATABASE_URL`. */
  readonly variable: string;
  /** Starts it at the same place, with the same data. */
  readonly start: () => Promise<EmbeddedServer>;
  readonly logger: Logger;
  /** Called once, when it has died at once again and again, or could not be started any more. */
  readonly onGivenUp: (error: ServiceUnavailableAtStart) => void;
  readonly pace?: RestartPace;
}

/**
 * Starts a server again whenever it ends without having been told to.
 * @param first the server as it runs now
 * @returns ends the server for good; waits for one that is being started at that moment
 */
export function keepRunning(first: EmbeddedServer, options: KeepRunningOptions): () => Promise<void> {
  const keeper = new ServerKeeper(first, options);
  return () => keeper.stop();
}

/** One life of a server, or one start that failed. */
interface Run {
  readonly livedMs: number;
  /** What ended it. */
  readonly reason: string;
  /** What the start threw, where it never ran: it says itself what to do. */
  readonly refusal?: unknown;
}

class ServerKeeper {
  readonly #options: KeepRunningOptions;
  readonly #pace: RestartPace;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  /** Null while there is none. A server that has ended is not told to stop: its record belongs to the next one. */
  #running: EmbeddedServer | null = null;

  constructor(first: EmbeddedServer, options: KeepRunningOptions) {
    this.#options = options;
    this.#pace = options.pace ?? PATIENT;
    this.#watching = this.#watch(first);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running?.stop();
    await this.#watching;
  }

  async #watch(first: EmbeddedServer): Promise<void> {
    const { signal } = this.#stopping;
    const { service, logger, onGivenUp } = this.#options;
    let last = await this.#untilEnded(first);
    for (let failures = 1; !signal.aborted; failures = this.#wasSteady(last) ? 1 : failures + 1) {
      if (failures > this.#pace.tries) return onGivenUp(this.#givenUp(last));
      logger.warn({ service, reason: last.reason }, 'an embedded service has ended and is started again');
      await rest(this.#pauseMs(failures), signal);
      if (!signal.aborted) last = await this.#run();
    }
  }

  async #run(): Promise<Run> {
    let server: EmbeddedServer;
    try {
      server = await this.#options.start();
    } catch (error) {
      return { livedMs: 0, reason: reasonOf(error), refusal: error };
    }
    if (this.#stopping.signal.aborted) await server.stop();
    else this.#options.logger.info({ service: this.#options.service }, 'the embedded service runs again');
    return await this.#untilEnded(server);
  }

  async #untilEnded(server: EmbeddedServer): Promise<Run> {
    const since = performance.now();
    this.#running = server;
    const reason = await server.ended;
    this.#running = null;
    return { livedMs: performance.now() - since, reason };
  }

  #wasSteady({ livedMs }: Run): boolean {
    return livedMs >= this.#pace.steadyAfterMs;
  }

  #pauseMs(failures: number): number {
    return Math.min(this.#pace.longestPauseMs, this.#pace.firstPauseMs * 2 ** (failures - 1));
  }

  #givenUp({ reason, refusal }: Run): ServiceUnavailableAtStart {
    const { service, variable } = this.#options;
    if (refusal instanceof ServiceUnavailableAtStart) return refusal;
    return new ServiceUnavailableAtStart(
      service,
      `${service} was started ${this.#pace.tries} times and has ended each time (${reason}): look into its log in DATA_DIR, or set ${variable} to a server you have.`,
    );
  }
}
