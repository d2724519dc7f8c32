import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { ProblemError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Origin, UnitOfWork } from '../unit-of-work.ts';
import type { Caller } from './caller.ts';
import { IdempotentRequest } from './idempotency-entity.ts';
import type { Answer, Operation } from './route.ts';

/** A process that dies stops renewing its claims, and whoever repeats the request takes over after this time. */
const CLAIM_MS = 5_000;
const RENEW_EVERY_MS = 1_500;

/** What comes of asking for a request to be one's own to carry out. */
export type Claim =
  | { readonly kind: 'carry-out'; readonly operation: Operation }
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'under-way' };

const keptAnswer = z.object({
  body: z.record(z.string(), z.unknown()).optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

const place = (id: string) => `idempotent_requests.answer:${id}`;

/** The table of requests that carried an `Idempotency-Key`, and their first answers. */
export class IdempotencyStore {
  readonly #work: UnitOfWork;
  readonly #clock: Clock;

  constructor(work: UnitOfWork, clock: Clock) {
    this.#work = work;
    this.#clock = clock;
  }

  /** @throws ProblemError `idempotency-conflict` where the key belongs to another request */
  async claim(caller: Caller, origin: Origin, hashes: { key: Buffer; request: Buffer }): Promise<Claim> {
    const id = newId(this.#clock.now());
    if (await this.#insert({ id, apiKey: caller.key, origin, hashes }))
      return { kind: 'carry-out', operation: { id, repeated: false } };
    return this.#work.bookkeep(origin, async ({ em }) => {
      const known = await em.findOneOrFail(
        IdempotentRequest,
        { apiKey: caller.key, keyHash: hashes.key },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (!hashes.request.equals(known.requestHash))
        throw new ProblemError('idempotency-conflict', 'This Idempotency-Key was used for another request before.');
      if (known.status != null) return { kind: 'answered', answer: await this.#stored(em, origin, known) };
      if (known.lockedUntil && known.lockedUntil > this.#clock.now()) return { kind: 'under-way' };
      known.lockedUntil = this.#claimEnds();
      return { kind: 'carry-out', operation: { id: known.id, repeated: true } };
    });
  }

  /** Does the work, and renews the claim for as long as it takes. */
  async whileHeld<T>(origin: Origin, id: string, work: () => Promise<T>): Promise<T> {
    const renew = () => this.#update(origin, id, { lockedUntil: this.#claimEnds() });
    // A renewal that fails is followed by the next one; where none comes through, the claim runs out.
    const timer = setInterval(() => void renew().catch(() => undefined), RENEW_EVERY_MS).unref();
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  /** Keeps the first answer, without its secrets, sealed for everybody it tells about. */
  async keep(origin: Origin, id: string, answer: Answer): Promise<void> {
    const secrets = new Set(answer.secrets);
    const body =
      answer.body &&
      Object.fromEntries(Object.entries(answer.body).map(([name, value]) => [name, secrets.has(name) ? null : value]));
    const { database, vault } = this.#work;
    const subjects = [origin.organization, ...(answer.subjects ?? [])];
    const keys = await vault.unlock(database.fork(origin.organization), origin.organization, subjects);
    const sealed = keys.seal(
      subjects.filter((subject) => keys.has(subject)),
      place(id),
      JSON.stringify({ body, headers: answer.headers }),
    );
    const update = database
      .fork(null)
      .createQueryBuilder(IdempotentRequest)
      .update({ status: answer.status, answer: sealed, lockedUntil: null })
      .where({ id, status: null });
    await database.single(origin.organization, update.getFormattedQuery());
  }

  /**
   * Lets go of a request that got no answer to keep.
   * @param freeKey whether the key may serve another request from now on
   */
  async release(origin: Origin, id: string, freeKey: boolean): Promise<void> {
    if (freeKey) await this.#work.bookkeep(origin, ({ em }) => em.nativeDelete(IdempotentRequest, { id }));
    else await this.#update(origin, id, { lockedUntil: null });
  }

  /** Whether the row is new. Two inserts of one key wait for each other (ON CONFLICT), and one of them is not new. */
  async #insert(row: {
    id: string;
    apiKey: string;
    origin: Origin;
    hashes: { key: Buffer; request: Buffer };
  }): Promise<boolean> {
    const { database } = this.#work;
    const insert = database.fork(null).createQueryBuilder(IdempotentRequest).insert({
      id: row.id,
      organization: row.origin.organization,
      apiKey: row.apiKey,
      keyHash: row.hashes.key,
      requestHash: row.hashes.request,
      createdAt: this.#clock.now(),
      lockedUntil: this.#claimEnds(),
    });
    const statement = insert.onConflict(['apiKey', 'keyHash']).ignore().returning('id').getFormattedQuery();
    return (await database.single(row.origin.organization, statement)).length === 1;
  }

  async #update(origin: Origin, id: string, change: { lockedUntil: Date | null }): Promise<void> {
    await this.#work.bookkeep(origin, ({ em }) => em.nativeUpdate(IdempotentRequest, { id, status: null }, change));
  }

  async #stored(em: EntityManager, origin: Origin, known: IdempotentRequest): Promise<Answer> {
    const keys = await this.#work.vault.unlockFor(em, origin.organization, [known.answer]);
    const text = keys.open(known.answer, place(known.id));
    // Somebody the answer told about has been erased: that it was carried out is all that can still be said.
    return { ...(text === null ? {} : keptAnswer.parse(JSON.parse(text))), status: known.status ?? 200 };
  }

  #claimEnds(): Date {
    return new Date(this.#clock.now().getTime() + CLAIM_MS);
  }
}
