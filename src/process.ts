import type { Logger } from 'pino';
import { type Config, InvalidConfiguration, parseConfig } from './config.ts';

/** Before whoever supervises us loses patience. */
const STOP_WITHIN_MS = 25_000;

/** What was started, in order; it is stopped in the opposite order. */
export class Running {
  readonly #stops: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  readonly #onFailure: (error: unknown) => void;
  #stopping: Promise<void> | undefined;

  /** @param onFailure ends the process */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  add(name: string, stop: () => Promise<void>): void {
    this.#stops.push({ name, stop });
  }

  /** Without what has failed the process cannot go on, now or later. */
  readonly fail = (error: unknown): void => this.#onFailure(error);

  stop(logger: Logger): Promise<void> {
    this.#stopping ??= this.#stopAll(logger);
    return this.#stopping;
  }

  async #stopAll(logger: Logger): Promise<void> {
    for (const { name, stop } of this.#stops.toReversed()) {
      try {
        await stop();
      } catch (error) {
        logger.error({ err: error, part: name }, 'could not be stopped in good order');
      }
    }
  }
}

/** What the environment asks for; where that cannot be, one sentence says why, and the process ends. */
export function configOfProcess(): Config {
  try {
    return parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof InvalidConfiguration)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/**
 * Runs a process until it is told to end (SIGTERM, SIGINT). A failure at the start is one sentence, and a code of 1.
 * @param start adds what it starts, piece by piece, so that a signal during the start stops what is there already
 */
export function runProcess(logger: Logger, start: (running: Running) => Promise<void>): void {
  const fail = (error: unknown) => {
    if (isForOperator(error)) process.stderr.write(`\n${error.message}\n`);
    else logger.fatal({ err: error }, 'could not start');
    void end(1);
  };
  const running = new Running(fail);
  const end = async (code: number) => {
    setTimeout(() => process.exit(code || 1), STOP_WITHIN_MS).unref();
    await running.stop(logger);
    process.exit(code);
  };
  process.once('SIGTERM', () => void end(0));
  process.once('SIGINT', () => void end(0));
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'something failed that nobody waited for');
    void end(1);
  });
  start(running).catch(fail);
}

const FOR_OPERATOR = new Set([
  'invalid-configuration',
  'database-unusable',
  'service-unavailable-at-start',
  'unreadable-secret',
  'unusable-data-folder',
  'address-not-available',
  'workflow-service-unavailable',
]);

/** Errors that are written for whoever starts the process: a sentence says all there is to say. */
function isForOperator(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && FOR_OPERATOR.has(error.code);
}
