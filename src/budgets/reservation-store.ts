import type { EntityManager } from '@mikro-orm/postgresql';
import type { Database } from '../platform/database/database.ts';
import { isWorthRepeating } from '../platform/database/failures.ts';
import { HotFunction } from '../platform/database/hot-function.ts';
import type { Budgeted } from './budgeted.ts';
import { GroupedHolds } from './grouped-holds.ts';
import type { Hold, NewReservation, ReserveOutcome } from './holds.ts';
import { plainArray } from '../platform/database/sql-arrays.ts';

interface ReserveRow {
  readonly outcome: ReserveOutcome['outcome'];
  readonly held_amount: string;
  readonly held_until: string | Date;
  readonly refused_by: readonly string[] | null;
  readonly suspended_by: readonly string[] | null;
  readonly used_up: readonly string[] | null;
}

export interface Settlement {
  /** Keyed hash of the event. */
  readonly hash: Buffer;
  readonly team: string;
  readonly person: string;
  readonly provider: string;
  readonly model: string;
  readonly cost: string;
  readonly currency: string;
  readonly occurredAt: Date;
}

export interface SettleOutcome {
  readonly outcome: 'settled' | 'settled-before' | 'conflict' | 'not-found';
  readonly booked: string;
  readonly was_late: boolean;
  readonly was_above_hold: boolean;
}

export type ReleaseOutcome = 'released' | 'expired' | 'settled' | 'not-found';

const RESERVE = new HotFunction('countersign.reserve', [
  'uuid',
  'bytea',
  'uuid',
  'uuid',
  'text',
  'text',
  'numeric',
  'text',
  'timestamptz',
  'timestamptz',
  'uuid[]',
  'uuid[]',
  'int',
  'boolean',
]);
const RELEASE = new HotFunction('countersign.release', ['uuid', 'timestamptz']);
const SETTLE = `select * from countersign.settle(?::uuid, decode(?, 'hex'), ?::uuid, ?::uuid, ?::text, ?::text, ?::numeric, ?::text, ?::timestamptz, ?::timestamptz)`;
const ATTEMPTS = 5;

/** The functions that book: one call each, which holds its locks no longer than it takes. */
export class ReservationStore {
  readonly #database: Database;
  readonly #grouped: GroupedHolds;

  constructor(database: Database) {
    this.#database = database;
    this.#grouped = new GroupedHolds(database, (organization, hold) => this.#reserveAlone(organization, hold, false));
  }

  /** @param gathered whether what has run out or lies unused elsewhere is brought together first; only then is anything refused that could fit */
  reserve(
    organization: string,
    place: Budgeted,
    wanted: NewReservation,
    at: Date,
    gathered: boolean,
  ): Promise<ReserveOutcome> {
    const hold = { place, wanted, at };
    return gathered ? this.#reserveAlone(organization, hold, true) : this.#grouped.reserve(organization, hold);
  }

  async #reserveAlone(organization: string, { place, wanted, at }: Hold, gathered: boolean): Promise<ReserveOutcome> {
    const [row] = await this.#call<ReserveRow>(organization, RESERVE, [
      wanted.id,
      wanted.request,
      place.team,
      place.person,
      place.provider,
      place.model,
      wanted.amount,
      wanted.currency,
      at,
      wanted.expiresAt,
      plainArray(place.periods),
      plainArray(place.leases),
      place.version,
      gathered,
    ]);
    if (row!.outcome === 'held')
      return { outcome: 'held', amount: row!.held_amount, expiresAt: new Date(row!.held_until) };
    if (row!.outcome === 'refused')
      return {
        outcome: 'refused',
        budgets: row!.refused_by ?? [],
        suspendedBy: row!.suspended_by ?? [],
        usedUp: row!.used_up ?? [],
      };
    if (row!.outcome === 'inconvertible') return { outcome: 'inconvertible', budgets: row!.refused_by ?? [] };
    return { outcome: row!.outcome };
  }

  async release(organization: string, id: string, at: Date): Promise<ReleaseOutcome> {
    const [row] = await this.#call<{ outcome: ReleaseOutcome }>(organization, RELEASE, [id, at]);
    return row!.outcome;
  }

  /** In the transaction that books the event. */
  async settle(em: EntityManager, id: string, settlement: Settlement, at: Date): Promise<SettleOutcome> {
    const { hash, team, person, provider, model, cost, currency, occurredAt } = settlement;
    const [row] = await em.execute<SettleOutcome[]>(SETTLE, [
      id,
      hash.toString('hex'),
      team,
      person,
      provider,
      model,
      cost,
      currency,
      occurredAt,
      at,
    ]);
    return row!;
  }

  /** The order of locks rules deadlocks out but for rare moments in which a team is new; those are simply tried again. */
  async #call<Row extends object>(organization: string, hot: HotFunction, values: readonly unknown[]): Promise<Row[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#database.call<Row>(organization, hot, values);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isWorthRepeating(error)) throw error;
      }
    }
  }
}
