import type { PoolClient, QueryResultRow } from 'pg';
import type { Database } from './database.ts';

/** Runs statements, with their values apart. */
export type Run = <Row extends QueryResultRow>(sql: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * A database without the ORM, for statements that take whole arrays of values: the ORM writes values into the text of the
 * statement, one by one. Sees whatever its role may see.
 */
export class BareDatabase {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * One statement, in a transaction of its own.
   * @throws Unavailable where the database does not answer
   */
  query<Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#database.reach(async () => (await (await this.#pool()).query<Row>(sql, [...values])).rows);
  }

  /**
   * Several statements, all of them or none.
   * @throws Unavailable where the database does not answer; what the work throws, with nothing kept
   */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#database.reach(async () => {
      const client = await (await this.#pool()).connect();
      const result = await inTransaction(client, work);
      client.release();
      return result;
    });
  }

  #pool() {
    return this.#database.orm.driver.getConnection().getNativeClient();
  }
}

async function inTransaction<T>(client: PoolClient, work: (run: Run) => Promise<T>): Promise<T> {
  try {
    await client.query('begin');
    const result = await work(async (sql, values = []) => (await client.query(sql, [...values])).rows);
    await client.query('commit');
    return result;
  } catch (error) {
    await rollBack(client);
    throw error;
  }
}

/** A connection that cannot even be rolled back is lost: the pool has taken it back by then (`returnLostConnections`). */
async function rollBack(client: PoolClient): Promise<void> {
  const isBack = await client.query('rollback').then(
    () => false,
    () => true,
  );
  if (!isBack) client.release();
}
