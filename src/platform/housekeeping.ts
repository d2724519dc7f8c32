import type { Logger } from 'pino';
import type { Database } from './database/database.ts';
import { NEVER_CUT_SHORT, type Round, Rounds } from './rounds.ts';

const EVERY_MS = 3_600_000;
/** Functions of the database that return how many rows they have forgotten. */
const CHORES = ['countersign.forget_expired'] as const;

/**
 * What a feature wants done now and then. Returns how many rows it concerned; may be done any number of times.
 * @param signal aborted when the process is to end: what is left is for the next round
 */
export type Chore = (signal: AbortSignal) => Promise<number>;

/**
 * Makes room ahead: the partitions of the coming months. And forgets what is kept for a while only: stored answers of idempotent
 * requests after seven days, mailed codes after one, what somebody signed in with after thirty, the log of deliveries and
 * messages that were given up after ninety, and links in mails a year after their request was closed. By the database's clock.
 */
export class Housekeeping {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #chores: ReadonlyMap<string, Chore>;
  readonly #rounds: Rounds;

  /** @param chores more of them, by name */
  constructor(parts: { database: Database; logger: Logger; chores?: ReadonlyMap<string, Chore> }) {
    this.#database = parts.database;
    this.#logger = parts.logger;
    const forget = (name: string) => [name, () => this.#forget(name)] as const;
    this.#chores = new Map([...CHORES.map(forget), ...(parts.chores ?? [])]);
    const round: Round = async (signal) => {
      // Forgetting may take long; room is needed in time.
      await this.makePartitions();
      await this.sweep(signal);
    };
    this.#rounds = new Rounds({ name: 'housekeeping', everyMs: EVERY_MS, round, logger: parts.logger });
  }

  start(): void {
    this.#rounds.start();
  }

  /**
   * Once through. Whatever fails is left for the next round: nothing depends on it.
   * @param signal aborted when the process is to end
   */
  async sweep(signal = NEVER_CUT_SHORT): Promise<void> {
    for (const [name, chore] of this.#chores) if (!signal.aborted) await this.#do(name, chore, signal);
  }

  async #do(name: string, chore: Chore, signal: AbortSignal): Promise<void> {
    try {
      this.#logger.debug({ chore: name, rows: await chore(signal) }, 'a chore is done');
    } catch (error) {
      this.#logger.warn({ err: error, chore: name }, 'a chore could not be done yet');
    }
  }

  async #forget(name: string): Promise<number> {
    const [row] = await this.#database.orm.em
      .getConnection()
      .execute<{ forgotten: string }[]>(`select ${name}() as forgotten`);
    return Number(row?.forgotten);
  }

  /** Entries of a month that has no partition go into the default one, where they cannot be archived by themselves. */
  async makePartitions(): Promise<void> {
    try {
      await this.#database.orm.em.getConnection().execute('select countersign.make_audit_partitions()');
    } catch (error) {
      this.#logger.warn({ err: error }, 'the partitions of the coming months could not be made yet');
    }
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }
}
