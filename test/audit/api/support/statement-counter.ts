import type { Database } from '../../../../src/platform/database/database.ts';

/** Counts what a database is asked, from now on. */
export class StatementCounter {
  count = 0;

  static async on(database: Database): Promise<StatementCounter> {
    const counter = new StatementCounter();
    const pool = await database.orm.driver.getConnection().getNativeClient();
    const seen = new WeakSet<object>();
    pool.on('acquire', (client) => {
      if (!seen.has(client)) counter.#watch(client);
      seen.add(client);
    });
    return counter;
  }

  /** How many statements it takes to do something. */
  async during(work: () => Promise<unknown>): Promise<number> {
    const before = this.count;
    await work();
    return this.count - before;
  }

  #watch(client: object): void {
    const query: unknown = Reflect.get(client, 'query');
    if (typeof query !== 'function') throw new TypeError('this is no connection');
    Reflect.set(client, 'query', (...parameters: unknown[]): unknown => {
      this.count += 1;
      return Reflect.apply(query, client, parameters);
    });
  }
}
