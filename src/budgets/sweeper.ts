import type { Logger } from 'pino';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import { NEVER_CUT_SHORT, type Round, Rounds } from '../platform/rounds.ts';
import type { PeriodKeeper } from './period-keeper.ts';

/** A hold that has run out is to be free again within 30 s: so often, there is room for a round that fails. */
const EVERY_MS = 5_000;
const AT_ONCE = 500;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

interface Swept {
  readonly organization: string | null;
  readonly freed: number;
}

interface SweeperParts {
  readonly database: Database;
  readonly keeper: PeriodKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Sees to the budgets of every organization, whether anybody spends from them or not. Its three rounds do not wait for each
 * other: holds are freed in time, however many periods there are to begin.
 */
export class ReservationSweeper {
  readonly #parts: SweeperParts;
  readonly #rounds: readonly Rounds[];

  constructor(parts: SweeperParts) {
    this.#parts = parts;
    const rounds = (name: string, round: Round) => new Rounds({ name, everyMs: EVERY_MS, round, logger: parts.logger });
    this.#rounds = [
      rounds('free holds', async (signal) => void (await this.freeHolds(signal))),
      rounds('recall leases', (signal) => this.recallLeases(signal)),
      rounds('begin periods', async (signal) => void (await parts.keeper.keepUp(parts.clock.now(), signal))),
    ];
  }

  start(): void {
    for (const rounds of this.#rounds) rounds.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#rounds.map((rounds) => rounds.stop()));
  }

  /** Frees what has run out. @returns how many holds that were */
  async freeHolds(signal = NEVER_CUT_SHORT): Promise<number> {
    let freed = 0;
    for (let after: string | null = BEFORE_ALL; after !== null && !signal.aborted;) {
      const swept: Swept[] = await this.#execute('select * from countersign.sweep_reservations(?, ?, ?)', [
        after,
        this.#parts.clock.now(),
        AT_ONCE,
      ]);
      const { organization, freed: last } = swept[0]!;
      freed += last;
      if (last < AT_ONCE) after = organization;
    }
    if (freed > 0) this.#parts.logger.info({ freed }, 'freed holds that had run out');
    return freed;
  }

  /** Recalls parts of budgets that are close to something that has to be noted. */
  async recallLeases(signal = NEVER_CUT_SHORT): Promise<void> {
    for (let last: string | null = BEFORE_ALL; last !== null && !signal.aborted;) {
      const rows: { recalled: string | null }[] = await this.#execute(
        'select countersign.recall_next_budget(?, ?) as recalled',
        [last, this.#parts.clock.now()],
      );
      last = rows[0]?.recalled ?? null;
    }
  }

  #execute<Row>(sql: string, values: unknown[]): Promise<Row[]> {
    return this.#parts.database.orm.em.getConnection().execute<Row[]>(sql, values);
  }
}
