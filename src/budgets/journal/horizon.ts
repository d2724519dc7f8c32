import type { BareDatabase } from '../../platform/database/bare.ts';

/** A moment of the journal, up to which nothing can be added to it any more. */
export interface Cut {
  /** Every change up to this number is committed, or will never be. */
  readonly last: number;
  /** Every change that was made before this moment, by the database's clock, has such a number. */
  readonly at: Date;
}

/**
 * The largest number of a change that was drawn, by whichever organization; 0 where none was.
 * @param database opened under `countersign_sealer`
 * @throws Unavailable
 */
export async function lastDrawn(database: BareDatabase): Promise<number> {
  const [drawn] = await database.query<{ last: string }>(
    'select case when is_called then last_value else 0 end as last from countersign.reservation_change_numbers',
  );
  return Number(drawn!.last);
}

/** A cut through which transactions still may reach. */
interface Pending extends Cut {
  /** The first transaction id (xid8) that had not been given out. */
  readonly nextTransaction: string;
}

/**
 * Finds out up to where the journal is final. Numbers and moments cannot tell: a transaction may commit long after it drew a
 * number, and after others with larger ones. But whoever has drawn a number had a transaction id by then; so once every
 * transaction with an id from before the cut has ended, nothing below the cut is still to come (PostgreSQL, 9.27.9,
 * "Transaction ID and Snapshot Information").
 */
export class Horizon {
  readonly #database: BareDatabase;
  #pending: Pending | null = null;
  #final: Cut | null = null;

  /** @param database opened under `countersign_sealer` */
  constructor(database: BareDatabase) {
    this.#database = database;
  }

  /**
   * Looks whether the latest cut is final by now, and makes a new one where it is.
   * @returns the latest that is final; null where none is yet
   * @throws Unavailable
   */
  async advance(): Promise<Cut | null> {
    this.#pending ??= await this.#draw();
    if (await this.#isOver(this.#pending.nextTransaction)) {
      const { last, at } = this.#pending;
      this.#final = { last, at };
      this.#pending = null;
    }
    return this.#final;
  }

  /** One after the other: the moment, then the number, then the transactions. */
  async #draw(): Promise<Pending> {
    const [clock] = await this.#database.query<{ at: string }>('select clock_timestamp() as at');
    const last = await lastDrawn(this.#database);
    const [snapshot] = await this.#database.query<{ next: string }>(
      'select pg_snapshot_xmax(pg_current_snapshot())::text as next',
    );
    return { at: new Date(clock!.at), last, nextTransaction: snapshot!.next };
  }

  async #isOver(nextTransaction: string): Promise<boolean> {
    const [row] = await this.#database.query<{ over: boolean }>(
      'select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 as over',
      [nextTransaction],
    );
    return row!.over;
  }
}
