import type { Logger } from 'pino';
import type { Database } from '../platform/database/database.ts';

/** Some tenths of a second each, so that no statement runs into its limit, however many there are. */
const FORGOTTEN_AT_ONCE = 20_000;

/** What the ledger's tables need now and then. */
export class UsageUpkeep {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #onStray: (lines: number) => void;
  readonly #atOnce: number;

  /** @param onStray told each time how many lines lie in no partition of their month; 100,000 stand for more */
  constructor(parts: { database: Database; logger: Logger; onStray: (lines: number) => void; atOnce?: number }) {
    this.#database = parts.database;
    this.#logger = parts.logger;
    this.#onStray = parts.onStray;
    this.#atOnce = parts.atOnce ?? FORGOTTEN_AT_ONCE;
  }

  /** Makes the partitions of the coming months. @returns how many */
  async makePartitions(): Promise<number> {
    try {
      return await this.#count('select countersign.make_usage_partitions() as count');
    } finally {
      await this.#lookForStrays();
    }
  }

  /**
   * Forgets the ids of events that are too old to come again, piece by piece until none are left. @param signal ends it before
   * @returns how many
   */
  async forgetIds(signal: AbortSignal): Promise<number> {
    let forgotten = 0;
    while (!signal.aborted) {
      const gone = await this.#count('select countersign.forget_usage_ids(?) as count', [this.#atOnce]);
      if (gone === 0) break;
      forgotten += gone;
    }
    return forgotten;
  }

  /** A month that has lines in the default partition gets none of its own any more: somebody has to see to it. */
  async #lookForStrays(): Promise<void> {
    const months = await this.#database.orm.em
      .getConnection()
      .execute<{ month: string; lines: string }[]>('select month, lines from countersign.stray_usage_months()');
    this.#onStray(months.reduce((sum, { lines }) => sum + Number(lines), 0));
    if (months.length === 0) return;
    this.#logger.warn(
      { months: months.map(({ month }) => month) },
      'lines of the ledger are in no partition of their month: docs/OPERATIONS.md, “Lines without a partition”, says how to move them',
    );
  }

  async #count(sql: string, values: readonly number[] = []): Promise<number> {
    const [row] = await this.#database.orm.em.getConnection().execute<{ count: string }[]>(sql, [...values]);
    return Number(row?.count);
  }
}
