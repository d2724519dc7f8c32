import type { Pool, PoolClient } from 'pg';

/** What begins and what ends a transaction; COMMIT is followed by a ROLLBACK where it fails. */
const BEGIN_OR_ROLLBACK = /^(begin|start transaction|rollback$)/i;

/**
 * Gives connections back to the pool that were lost in a transaction. The query builder under the ORM (kysely 0.29) does so
 * itself only after a BEGIN and a ROLLBACK that succeeded. Where the server has gone away neither does: the place in the pool
 * stays taken for ever, and after as many such transactions as the pool is large nothing is answered any more, though the
 * database is long back.
 */
export function returnLostConnections(pool: Pool): void {
  const returned = new WeakSet<PoolClient>();
  const giveBack = (client: PoolClient, error: Error): never => {
    // With the error, the pool throws the connection away.
    if (!returned.has(client)) client.release(error);
    returned.add(client);
    throw error;
  };
  pool.on('connect', (client) => {
    const query: unknown = Reflect.get(client, 'query');
    if (typeof query !== 'function') return;
    const watched = (...parameters: unknown[]): unknown => {
      const outcome: unknown = Reflect.apply(query, client, parameters);
      const [sql] = parameters;
      const isWatched =
        typeof sql === 'string' && BEGIN_OR_ROLLBACK.test(sql) && typeof parameters.at(-1) !== 'function';
      return isWatched ? Promise.resolve(outcome).catch((error: Error) => giveBack(client, error)) : outcome;
    };
    Reflect.set(client, 'query', watched);
  });
}
