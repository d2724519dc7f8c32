import { Client } from 'pg';
import type { Run } from './bare.ts';

interface SessionLock {
  /** The login of API and worker. */
  readonly url: string;
  /** What the session steps into: see `DATABASE_ROLES`. */
  readonly role: string;
  /** An arbitrary number, the same in all processes. */
  readonly key: number;
}

/**
 * Does something that no other process does meanwhile, on a connection of its own whose statements may take their time.
 * @param work is told through the signal when the lock is lost
 * @returns null where somebody else is at it
 * @throws Error of the driver where the database cannot be reached; what the work throws
 */
export async function whileAlone<T>(
  { url, role, key }: SessionLock,
  until: AbortSignal,
  work: (run: Run, signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const client = new Client({ connectionString: url, options: `-c role=${role} -c timezone=UTC`, keepAlive: true });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  await client.connect();
  try {
    const run: Run = async (sql, values = []) => (await client.query(sql, [...values])).rows;
    const [row] = await run<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [key]);
    return row?.locked ? await work(run, AbortSignal.any([until, lost.signal])) : null;
  } finally {
    // Ends the session and with it the lock.
    await client.end();
  }
}
