import type { Logger } from 'pino';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import type { PeriodKeeper } from './period-keeper.ts';

/** A hold that has run out is to be free again within 30 s: so often, there is room for a round that fails. */
const EVERY_MS = 5_000;
const AT_ONCE = 500;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Frees holds that have run out, recalls parts that are close to something that has to be noted, and begins the periods that
 * have come.
 */
export class ReservationSweeper {
  readonly #database: Database;
  readonly #keeper: PeriodKeeper;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: { database: Database; keeper: PeriodKeeper; clock: Clock; logger: Logger }) {
    this.#database = parts.database;
    this.#keeper = parts.keeper;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.#round());
    }, EVERY_MS);
  }

  /** Once through. @returns how many holds were freed */
  async sweep(): Promise<number> {
    const connection = this.#database.orm.em.getConnection();
    let freed = 0;
    for (let last = AT_ONCE; last === AT_ONCE; freed += last) {
      const [row] = await connection.execute<{ freed: number }[]>(
        'select countersign.sweep_reservations(?, ?) as freed',
        [this.#clock.now(), AT_ONCE],
      );
      last = row?.freed ?? 0;
    }
    for (let last: string | null = BEFORE_ALL; last !== null;) {
      const rows: { recalled: string | null }[] = await connection.execute(
        'select countersign.recall_next_budget(?, ?) as recalled',
        [last, this.#clock.now()],
      );
      last = rows[0]?.recalled ?? null;
    }
    await this.#keeper.keepUp(this.#clock.now());
    return freed;
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
  }

  /** Whatever fails is left for the next round; a reservation that would be refused frees what it needs by itself. */
  async #round(): Promise<void> {
    try {
      const freed = await this.sweep();
      if (freed > 0) this.#logger.info({ freed }, 'freed holds that had run out');
    } catch (error) {
      this.#logger.warn({ err: error }, 'holds that have run out could not be freed yet');
    }
  }
}
