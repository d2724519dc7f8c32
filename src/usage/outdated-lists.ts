import type { Logger } from 'pino';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import { adoptCatalogue, mayPriceAgain } from './catalogue-adoption.ts';

/** Often enough to be seen; seldom enough not to fill the log. */
const REMINDED_EVERY_MS = 600_000;

/**
 * Says when this program has older price lists than those that were adopted, as after going back to an older release: nothing is
 * priced again then, and nobody would know.
 */
export class OutdatedLists {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #onLook: (isOutdated: boolean) => void;
  #remindedAt: number | null = null;

  /** @param onLook told each time, as for a gauge */
  constructor(parts: { database: Database; logger: Logger; clock: Clock; onLook: (isOutdated: boolean) => void }) {
    this.#database = parts.database;
    this.#logger = parts.logger;
    this.#clock = parts.clock;
    this.#onLook = parts.onLook;
  }

  /** Adopts the lists of this program where they are newer. @returns how many organizations are looked through */
  async adopt(version?: string): Promise<number> {
    const concerned = await adoptCatalogue(this.#database, version);
    this.look(!(await mayPriceAgain(this.#database.orm.em.fork(), version)));
    return concerned;
  }

  look(isOutdated: boolean): void {
    this.#onLook(isOutdated);
    if (!isOutdated) return;
    const now = this.#clock.now().getTime();
    if (this.#remindedAt !== null && now < this.#remindedAt + REMINDED_EVERY_MS) return;
    this.#remindedAt = now;
    this.#logger.warn(
      'newer price lists were adopted than this worker has: it prices nothing again, and new rates wait; docs/OPERATIONS.md, “Going back”, says what to do',
    );
  }
}
