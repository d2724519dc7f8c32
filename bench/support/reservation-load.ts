import { randomUUID } from 'node:crypto';
import { ReservationStore } from '../../src/budgets/reservation-store.ts';
import { plainArray } from '../../src/platform/database/sql-arrays.ts';
import type { Database } from '../../src/platform/database/database.ts';
import type { BudgetWorld } from './budget-world.ts';
import { inParallel, timed } from './concurrency.ts';
import type { Round } from './round.ts';

const AMOUNT = '0.01';
const TTL_MS = 300_000;
const REQUEST = Buffer.alloc(16, 1);
const MOST_ATTEMPTS = 10;
const MOST_STORES = 4;

/** Reservations, and the floor for them, through the same driver and the same connections. */
export class ReservationLoad {
  readonly #database: Database;
  readonly #stores: readonly ReservationStore[];
  readonly #clients: number;

  constructor(database: Database, clients: number) {
    this.#database = database;
    this.#stores = Array.from({ length: MOST_STORES }, () => new ReservationStore(database));
    this.#clients = clients;
  }

  /**
   * @param world the teams take turns
   * @param stores reservations go together within one of them: as many as processes would have
   */
  reservations(world: BudgetWorld, count: number, stores = 1): Promise<Round> {
    return this.#round(count, (index) => this.#reserve(world, index, this.#stores[index % stores]!));
  }

  /** The bare function on the rows that a team's reservation would lock without leases. */
  floor({ organization, places }: BudgetWorld, count: number): Promise<Round> {
    return this.#round(count, async (index) => {
      const rows = plainArray(places[index % places.length]!.periods);
      await this.#database.single(organization, `select countersign.bench_floor('${rows}'::uuid[], ${AMOUNT})`);
    });
  }

  /** So many a second, whether or not those before have been answered: a slow moment is felt by everybody who comes in it. */
  async paced(world: BudgetWorld, perSecond: number, seconds: number): Promise<readonly number[]> {
    const took: number[] = [];
    const began = performance.now();
    const running: Promise<void>[] = [];
    for (let index = 0; index < perSecond * seconds; index += 1) {
      const due = began + (index * 1000) / perSecond;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      running.push(this.#reserve(world, index, this.#stores[0]!).then(() => void took.push(performance.now() - due)));
    }
    await Promise.all(running);
    return took;
  }

  async #reserve({ organization, places }: BudgetWorld, index: number, store: ReservationStore): Promise<void> {
    const place = places[index % places.length]!;
    const at = new Date();
    const wanted = {
      id: randomUUID(),
      request: REQUEST,
      amount: AMOUNT,
      currency: 'USD',
      expiresAt: new Date(at.getTime() + TTL_MS),
    };
    for (let attempt = 1, gathered = false; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const { outcome } = await store.reserve(organization, place, wanted, at, gathered);
      if (outcome === 'held') return;
      if (outcome !== 'again') throw new Error(`a reservation was answered ${outcome}`);
      gathered = true;
    }
    throw new Error('a reservation never became final');
  }

  async #round(count: number, work: (index: number) => Promise<void>): Promise<Round> {
    const decisions: number[] = [];
    const began = performance.now();
    await inParallel(count, this.#clients, async (index) => void decisions.push((await timed(() => work(index))).ms));
    return { perSecond: (count * 1000) / (performance.now() - began), decisions };
  }
}
