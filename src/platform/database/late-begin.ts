import type { Pool } from 'pg';

const OPENS = /^(begin|start transaction)\b/i;
/** What the ORM says first in a transaction: whose rows it may see. */
const SETS = /^select set_config\(/i;
const ENDS = /^(commit|rollback)$/i;

/** What is answered in place of a statement that waits, or need not be sent at all; nobody looks at it. */
const NOTHING = { command: '', rowCount: null, oid: 0, rows: [], fields: [] };

/**
 * Has BEGIN, and the setting of the organization, wait for the first statement, and sends all of them in one message: that
 * saves two of a transaction's round trips. A transaction in which nothing is asked costs none. Where the server has gone
 * away, the first statement finds out instead of BEGIN.
 */
export function beginLate(pool: Pool): void {
  pool.on('connect', (client) => {
    const query: unknown = Reflect.get(client, 'query');
    if (typeof query !== 'function') return;
    const send = (...parameters: unknown[]): unknown => Reflect.apply(query, client, parameters);
    let held: string[] = [];

    const late = (...parameters: unknown[]): unknown => {
      const [sql, values] = parameters;
      if (typeof sql === 'string' && (held.length > 0 ? SETS : OPENS).test(sql)) {
        held.push(sql);
        return Promise.resolve(NOTHING);
      }
      if (held.length === 0) return send(...parameters);
      const opening = held.join('; ');
      held = [];
      if (typeof sql === 'string' && ENDS.test(sql)) return Promise.resolve(NOTHING);
      if (typeof sql === 'string' && isEmpty(values)) return Promise.resolve(send(`${opening}; ${sql}`)).then(lastOf);
      // Values travel in a message of their own; the client keeps the order.
      return Promise.resolve(send(opening)).then(() => send(...parameters));
    };
    Reflect.set(client, 'query', late);
  });
}

function isEmpty(values: unknown): boolean {
  return values === undefined || (Array.isArray(values) && values.length === 0);
}

/** Several statements in one message have a result each. */
function lastOf(results: unknown): unknown {
  return Array.isArray(results) ? results.at(-1) : results;
}
