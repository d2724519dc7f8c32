import { Client } from 'pg';
import type { Run } from '../../platform/database/bare.ts';
import { DATABASE_ROLES } from '../../platform/database/tenant-table.ts';

/** One archives at a time. An arbitrary number, the same in all processes. */
const ARCHIVE_LOCK = 7_266_835;

/**
 * Does something while nobody else archives, on a connection of its own whose statements may take their time.
 * @param url the login of API and worker
 * @param work is told through the signal when the lock is lost
 * @returns null where somebody else is at it
 * @throws Error of the driver where the database cannot be reached; what the work throws
 */
export async function whileArchiving<T>(
  url: string,
  until: AbortSignal,
  work: (run: Run, signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const client = new Client({
    connectionString: url,
    options: `-c role=${DATABASE_ROLES.sealer} -c timezone=UTC`,
    keepAlive: true,
  });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  await client.connect();
  try {
    const run: Run = async (sql, values = []) => (await client.query(sql, [...values])).rows;
    const [row] = await run<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [ARCHIVE_LOCK]);
    return row?.locked ? await work(run, AbortSignal.any([until, lost.signal])) : null;
  } finally {
    // Ends the session and with it the lock.
    await client.end();
  }
}
