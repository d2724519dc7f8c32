import { escapeLiteral } from 'pg';
import type { BareDatabase, Run } from '../../platform/database/bare.ts';
import { ORGANIZATION_VARIABLE } from '../../platform/database/tenant-table.ts';

/** One try to make an export. Whatever it writes carries its number. */
export interface Attempt {
  readonly organization: string;
  readonly id: string;
  readonly number: number;
  readonly from: Date;
  readonly to: Date;
}

/** How many entries are written by now, of how many. */
export interface Progress {
  readonly done: number;
  readonly of: number;
}

/** Somebody else makes this export by now, or it was made, or has expired: nothing more is written. */
export class Superseded extends Error {
  readonly code = 'superseded';
  constructor() {
    super('somebody else makes this export by now, or nobody needs it any more');
  }
}

const BEGIN = `
  update countersign.audit_exports set attempt = attempt + 1, done = 0, entries = null where id = $1 and state = 'preparing'
  returning attempt as number, range_from as "from", range_to as "to"`;

const PUT = `
  with mine as (update countersign.audit_exports set done = $5, entries = $6 where id = $2 and attempt = $3 and state = 'preparing' returning 1)
  insert into countersign.audit_export_chunks (organization_id, export_id, attempt, position, data) select $1, $2, $3, $4, $7 from mine returning position`;

const IS_MINE = `select 1 from countersign.audit_exports where id = $1 and attempt = $2 and state = 'preparing'`;

/** What an export is made of, in a database that knows no ORM: pieces of a megabyte are no text of a statement. */
export class ExportStore {
  readonly #database: BareDatabase;

  /** @param database the application's */
  constructor(database: BareDatabase) {
    this.#database = database;
  }

  /**
   * Begins from the beginning: what an earlier attempt has left is thrown away.
   * @returns null where there is nothing to make (any more)
   */
  begin(organization: string, id: string): Promise<Attempt | null> {
    return this.#in(organization, async (run) => {
      const [row] = await run<{ number: number; from: string; to: string }>(BEGIN, [id]);
      if (!row) return null;
      await run('delete from countersign.audit_export_chunks where export_id = $1', [id]);
      return { organization, id, number: row.number, from: new Date(row.from), to: new Date(row.to) };
    });
  }

  /**
   * @param data as it is kept
   * @throws Superseded
   */
  async put({ organization, id, number }: Attempt, position: number, data: Buffer, progress: Progress): Promise<void> {
    const rows = await this.#in(organization, (run) =>
      run(PUT, [organization, id, number, position, progress.done, progress.of, data]),
    );
    if (rows.length === 0) throw new Superseded();
  }

  /** @throws Superseded */
  async stillMine({ organization, id, number }: Attempt): Promise<void> {
    const rows = await this.#in(organization, (run) => run(IS_MINE, [id, number]));
    if (rows.length === 0) throw new Superseded();
  }

  /** The pieces of an export that is ready, in their order, one at a time. */
  async *pieces(organization: string, id: string, attempt: number): AsyncGenerator<Buffer> {
    for (let position = 0; ; position += 1) {
      const [row] = await this.#in(organization, (run) =>
        run<{ data: Buffer }>(
          'select data from countersign.audit_export_chunks where export_id = $1 and attempt = $2 and position = $3',
          [id, attempt, position],
        ),
      );
      if (!row) return;
      yield row.data;
    }
  }

  #in<T>(organization: string, work: (run: Run) => Promise<T>): Promise<T> {
    return this.#database.transaction(async (run) => {
      // Without values apart: it is held back until the first statement, and sent with it.
      await run(`select set_config('${ORGANIZATION_VARIABLE}', ${escapeLiteral(organization)}, true)`);
      return work(run);
    });
  }
}
