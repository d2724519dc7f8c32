import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import { InvalidRequest, ProblemError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Origin, UnitOfWork } from '../unit-of-work.ts';
import type { Caller } from './caller.ts';
import { type Claim, IdempotencyStore } from './idempotency-store.ts';
import type { Answer, Operation } from './route.ts';

/** Longer than a claim is held by a process that died, so that the repetition after a crash is carried out and not refused. */
const WAIT_FOR_FIRST_MS = 8_000;
const LOOK_AGAIN_AFTER_MS = 50;
const KEY = /^[\x21-\x7e]{1,255}$/;

export interface IdempotencyParts {
  readonly work: UnitOfWork;
  readonly clock: Clock;
  readonly master: MasterKey;
  readonly logger: Logger;
  /** Told of every answer that was given again. */
  readonly onReplay?: () => void;
}

/** What was asked for: method and path, and the body as it was understood. */
export interface AskedFor {
  readonly path: string;
  readonly body: unknown;
}

/**
 * `Idempotency-Key` (IETF draft httpapi-idempotency-key-header): the same key with the same body gives the first answer
 * again, across restarts and processes. What was begun and not answered is carried out again under the same operation id.
 */
export class Idempotency {
  readonly #clock: Clock;
  readonly #master: MasterKey;
  readonly #logger: Logger;
  readonly #onReplay: () => void;
  readonly #store: IdempotencyStore;

  constructor({ work, clock, master, logger, onReplay = () => undefined }: IdempotencyParts) {
    this.#clock = clock;
    this.#master = master;
    this.#logger = logger;
    this.#onReplay = onReplay;
    this.#store = new IdempotencyStore(work, clock);
  }

  /**
   * Carries a request out once per key.
   * @param key the header; undefined where none was sent
   * @throws ProblemError `idempotency-conflict` where the key belongs to another request, or the first one takes too long
   */
  async once(
    key: string | undefined,
    caller: Caller,
    origin: Origin,
    asked: AskedFor,
    carryOut: (operation: Operation) => Promise<Answer>,
  ): Promise<Answer> {
    if (key === undefined) return carryOut({ id: newId(this.#clock.now()), repeated: false });
    if (!KEY.test(key))
      throw new InvalidRequest([
        { path: 'header.idempotency-key', message: 'must be 1 to 255 visible ASCII characters' },
      ]);
    const claim = await this.#claim(caller, origin, this.#hashes(caller, key, asked));
    if (claim.kind === 'carry-out') return this.#carryOut(origin, claim.operation, carryOut);
    this.#onReplay();
    return claim.answer;
  }

  /** Keyed, because what a body says about people could otherwise be guessed and confirmed, even after they were erased. */
  #hashes(caller: Caller, key: string, { path, body }: AskedFor): { key: Buffer; request: Buffer } {
    return {
      key: this.#master.lookupHash(`idempotency-key ${caller.key}`, key),
      request: this.#master.lookupHash(`idempotent-request ${caller.key}`, `${path}\n${JSON.stringify(body) ?? ''}`),
    };
  }

  /** Two requests at the same moment are one, too: the second waits for the answer of the first. */
  async #claim(
    caller: Caller,
    origin: Origin,
    hashes: { key: Buffer; request: Buffer },
  ): Promise<Exclude<Claim, { kind: 'under-way' }>> {
    const patienceEnds = performance.now() + WAIT_FOR_FIRST_MS;
    for (;;) {
      const claim = await this.#store.claim(caller, origin, hashes);
      if (claim.kind !== 'under-way') return claim;
      if (performance.now() >= patienceEnds) throw stillUnderWay();
      await pause(LOOK_AGAIN_AFTER_MS);
    }
  }

  async #carryOut(
    origin: Origin,
    operation: Operation,
    carryOut: (operation: Operation) => Promise<Answer>,
  ): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await this.#store.whileHeld(origin, operation.id, () => carryOut(operation));
    } catch (error) {
      await this.#succeeds(() => this.#store.release(origin, operation.id, changedNothing(error)));
      throw error;
    }
    const kept =
      answer.content === undefined && (await this.#succeeds(() => this.#store.keep(origin, operation.id, answer)));
    if (!kept) await this.#succeeds(() => this.#store.release(origin, operation.id, false));
    return answer;
  }

  /**
   * Nothing that goes wrong with keeping these books changes the outcome of the request: it is carried out or refused by
   * now. Without a stored answer a repetition is carried out again, under the same operation id.
   */
  async #succeeds(keepBooks: () => Promise<void>): Promise<boolean> {
    try {
      await keepBooks();
      return true;
    } catch (error) {
      this.#logger.warn({ err: error }, 'the answer to an idempotent request could not be kept');
      return false;
    }
  }
}

/** A request that was not understood leaves its key free, so that it can be corrected. */
function changedNothing(error: unknown): boolean {
  return error instanceof ProblemError && error.code === 'invalid-request';
}

function stillUnderWay(): ProblemError {
  return new ProblemError(
    'idempotency-conflict',
    'The first request with this Idempotency-Key is still being carried out. Repeat it in a moment.',
    { retryAfterSeconds: 1 },
  );
}
