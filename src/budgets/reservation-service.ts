import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../platform/clock.ts';
import type { MasterKey } from '../platform/crypto/master-key.ts';
import { addDuration, type Duration } from '../platform/duration.ts';
import { Forbidden, InvalidRequest, NotFound, ProblemError } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import { demand, may, teamPath } from '../tenancy/service.ts';
import type { Budgeted } from './budgeted.ts';
import { Reservation } from './entities.ts';
import type { BudgetedPlaces, Spender } from './places.ts';
import type { CostEstimator, SettlementEvent, SettlementLedger } from './ports.ts';
import { namesOf } from './queries.ts';
import { inconvertible, refusal } from './refusals.ts';
import { hashOf, reservationId } from './reservation-ids.ts';
import type { NewReservation, ReserveOutcome, UsedBefore } from './holds.ts';
import type { ReleaseOutcome, ReservationStore } from './reservation-store.ts';

/** What is to be held: an amount, or as many tokens as a call may use at most. */
export type Wanted =
  | { readonly amount: { readonly value: string; readonly currency: string } }
  | { readonly inputTokens: number; readonly outputTokens: number };

export interface ReservationRequest {
  /** As the caller knows it. */
  readonly id: string;
  readonly spender: Spender;
  readonly wanted: Wanted;
  readonly ttl: Duration;
}

export interface HeldReservation {
  readonly amount: string;
  readonly currency: string;
  readonly expiresAt: Date;
}

export interface SettledReservation {
  readonly cost: string;
  readonly currency: string;
  readonly late: boolean;
  readonly aboveHold: boolean;
}

interface ReservationParts {
  readonly work: UnitOfWork;
  readonly clock: Clock;
  readonly master: MasterKey;
  readonly store: ReservationStore;
  readonly places: BudgetedPlaces;
  readonly ledger: SettlementLedger;
  readonly estimator: CostEstimator;
}

/** Lists are read anew, and rows gathered, at most so often before a request gives up. */
const ATTEMPTS = 10;

const USED_BEFORE: Readonly<Record<UsedBefore, string>> = {
  conflict: 'There is a reservation with this id for something else.',
  released: 'The reservation with this id was released: nothing is held any more.',
  expired: 'The reservation with this id has run out: nothing is held any more.',
  settled: 'The reservation with this id was settled: nothing is held any more.',
};

/** Money that is held before a call, and settled or given back after it. */
export class ReservationService {
  readonly #parts: ReservationParts;

  constructor(parts: ReservationParts) {
    this.#parts = parts;
  }

  /**
   * @throws ProblemError `budget-exceeded` or `budget-suspended`, `idempotency-conflict` where the id was used before and holds
   * nothing of this; InvalidRequest where there is no exchange rate to the currency of a hard budget
   */
  async reserve(caller: Caller, { id, spender, wanted, ttl }: ReservationRequest): Promise<HeldReservation> {
    const { clock, master, places } = this.#parts;
    const at = clock.now();
    const { organization } = caller;
    const place = await places.find(organization, spender, at);
    demandReservation(caller, place);
    const amount = await this.#amountOf(organization, { ...spender, currency: place.currency }, wanted, at);
    const reservation: NewReservation = {
      id: reservationId(master, organization, id),
      request: hashOf(master, organization, [{ ...spender }, wanted]),
      amount,
      currency: place.currency,
      expiresAt: addDuration(at, ttl),
    };
    const outcome = await this.#hold(organization, spender, reservation, at);
    if (outcome.outcome === 'held')
      return { amount: outcome.amount, currency: place.currency, expiresAt: outcome.expiresAt };
    if (outcome.outcome === 'inconvertible')
      throw inconvertible(
        await this.#parts.work.read(organization, (em) => namesOf(em, place.teamPath, outcome.budgets)),
        place.currency,
      );
    if (outcome.outcome === 'refused')
      throw refusal(
        await this.#parts.work.read(organization, (em) => namesOf(em, place.teamPath, outcome.budgets)),
        outcome,
      );
    throw new ProblemError('idempotency-conflict', `${USED_BEFORE[outcome.outcome]} Use a new id for a new call.`);
  }

  /** Books what the call cost. Money that was spent is counted, whatever was held and however late it comes. */
  async settle(caller: Caller, origin: Origin, id: string, event: SettlementEvent): Promise<SettledReservation> {
    const { work, master, store, ledger, clock } = this.#parts;
    const { organization } = caller;
    const internal = reservationId(master, organization, id);
    const hash = hashOf(master, organization, [internal, event]);
    return work.bookkeep(origin, async (tx) => {
      await this.#demandOwn(tx.em, caller, internal);
      const row = await enterSettlement(tx.em, internal);
      if (row.state === 'settled') return settledBefore(row, hash);
      const { person, team, provider, model, currency, createdAt } = row;
      const booked = await ledger.book(
        tx,
        caller,
        { id: internal, team, person, provider: provider ?? null, model: model ?? null, currency, createdAt },
        event,
      );
      const outcome = await store.settle(
        tx.em,
        internal,
        { ...booked, currency, hash, cost: booked.cost ?? '0' },
        clock.now(),
      );
      if (outcome.outcome !== 'settled') throw new Error(`a reservation that was open is ${outcome.outcome}`);
      return {
        cost: outcome.booked,
        currency,
        late: outcome.was_late,
        aboveHold: outcome.was_above_hold,
      };
    });
  }

  /** @returns what the reservation is now: what was settled or has run out stays so */
  async release(caller: Caller, id: string): Promise<Exclude<ReleaseOutcome, 'not-found'>> {
    const { work, master, store, clock } = this.#parts;
    const internal = reservationId(master, caller.organization, id);
    await work.read(caller.organization, (em) => this.#demandOwn(em, caller, internal));
    const outcome = await store.release(caller.organization, internal, clock.now());
    if (outcome === 'not-found') throw new NotFound('reservation');
    return outcome;
  }

  /** Reads the list of budgets anew, or gathers what is due, until the answer is final. */
  async #hold(
    organization: string,
    spender: Spender,
    wanted: NewReservation,
    at: Date,
  ): Promise<Exclude<ReserveOutcome, { outcome: 'stale' | 'again' }>> {
    const { places, store } = this.#parts;
    let gathered = false;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const place = await places.ready(organization, spender, at);
      const outcome = await store.reserve(organization, place, wanted, at, gathered);
      if (outcome.outcome !== 'stale' && outcome.outcome !== 'again') return outcome;
      // Kept where the list has changed meanwhile: a crowd near the limit would otherwise start all over again and again.
      gathered ||= outcome.outcome === 'again';
      if (outcome.outcome === 'stale') places.forget(organization, spender);
    }
    throw new ProblemError(
      'unavailable',
      'The budgets change faster than they can be read. Try again with the same id.',
      { retryAfterSeconds: 1 },
    );
  }

  async #amountOf(
    organization: string,
    { provider, model, currency }: Pick<Budgeted, 'provider' | 'model' | 'currency'>,
    wanted: Wanted,
    at: Date,
  ): Promise<string> {
    if ('amount' in wanted) return checkedAmount(currency, wanted.amount);
    if (provider === null || model === null)
      throw new InvalidRequest([
        { path: 'model', message: 'is required with `provider` where tokens are given in place of an amount' },
      ]);
    const { inputTokens, outputTokens } = wanted;
    const cost = await this.#parts.work.read(organization, (em) =>
      this.#parts.estimator.estimate(em, { organization, provider, model, inputTokens, outputTokens, currency, at }),
    );
    if (cost === null)
      throw new InvalidRequest([
        { path: 'model', message: 'has no known price: give an `amount`, or a rate of your own' },
      ]);
    return cost;
  }

  async #demandOwn(em: EntityManager, caller: Caller, id: string): Promise<void> {
    const row = await em.findOne(Reservation, { id }, { disableIdentityMap: true });
    if (!row) throw new NotFound('reservation');
    demandReservation(caller, { teamPath: await teamPath(em, caller.organization, row.team), person: row.person });
  }
}

/**
 * Before the ledger is written, so that a second settlement waits here and finds the first one's answer. The row itself stays
 * free until its hold goes off: a settlement that turns out to be none must not be in anybody's way.
 */
async function enterSettlement(em: EntityManager, id: string): Promise<Reservation> {
  await em.execute(`select pg_advisory_xact_lock(hashtextextended('countersign settlement ' || ?, 0))`, [id]);
  return em.findOneOrFail(Reservation, { id });
}

/** People hold money for their own calls; services and admins for anybody's. @throws Forbidden */
function demandReservation(
  caller: Caller,
  { teamPath: path, person }: { teamPath: readonly string[]; person: string | null },
): void {
  demand(caller, 'reservations.make', path);
  if (caller.person === null || caller.person === person || may(caller, 'reservations.make-for-others', path)) return;
  throw new Forbidden('You can reserve, settle and release for your own calls only.');
}

function checkedAmount(currency: string, amount: { value: string; currency: string }): string {
  if (amount.currency !== currency)
    throw new InvalidRequest([{ path: 'amount.currency', message: `must be the team’s, ${currency}` }]);
  return amount.value;
}

function settledBefore(row: Reservation, hash: Buffer): SettledReservation {
  if (!hash.equals(row.settlement ?? Buffer.alloc(0)))
    throw new ProblemError(
      'idempotency-conflict',
      'This reservation was settled with another event before. What was booked stays.',
    );
  return { cost: row.cost ?? '0', currency: row.currency, late: row.late, aboveHold: row.aboveHold };
}
