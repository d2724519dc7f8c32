import type { Socket } from 'node:net';
import type { Pool } from 'pg';

/** What the driver says where an answer has not come in time (`query_timeout`). It leaves the connection as it is. */
const NO_ANSWER = 'Query read timeout';

/**
 * Ends connections on which an answer has not come in time: the server is gone without a word, as it is where the network
 * swallows everything. Whatever is asked on such a connection afterwards, a ROLLBACK above all, would wait as long again.
 */
export function endSilentConnections(pool: Pool): void {
  pool.on('connect', (client) => {
    const query: unknown = Reflect.get(client, 'query');
    if (typeof query !== 'function') return;
    const impatient = (...parameters: unknown[]): unknown => {
      const outcome: unknown = Reflect.apply(query, client, parameters);
      if (!(outcome instanceof Promise)) return outcome;
      return outcome.catch((error: Error) => {
        if (error.message === NO_ANSWER) socketOf(client)?.destroy(error);
        throw error;
      });
    };
    Reflect.set(client, 'query', impatient);
  });
}

function socketOf(client: object): Socket | undefined {
  const connection: unknown = Reflect.get(client, 'connection');
  return connection !== null && typeof connection === 'object'
    ? (Reflect.get(connection, 'stream') as Socket | undefined)
    : undefined;
}
