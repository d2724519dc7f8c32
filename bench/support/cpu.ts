import { readFile } from 'node:fs/promises';
import type { DatabaseView } from './database-view.ts';

/** USER_HZ, which is 100 on every Linux that Node runs on (proc_pid_stat(5)). */
const TICKS_PER_S = 100;

/** Seconds of processor time that processes have used since they were started, by name. */
export type CpuSeconds = ReadonlyMap<string, number>;

/**
 * Processor time of these processes, and of PostgreSQL by login. Unlike the time that passes, it hardly depends on what else
 * the machine does.
 * @param pids by name
 */
export async function readCpu(pids: ReadonlyMap<string, number>, database: DatabaseView): Promise<CpuSeconds> {
  const seconds = new Map<string, number>();
  const add = (name: string, more: number) => seconds.set(name, (seconds.get(name) ?? 0) + more);
  for (const [name, pid] of pids) add(name, await cpuSecondsOf(pid));
  const backends = await database.rows<{ pid: number; name: string }>(
    "select pid, coalesce(usename, 'itself') as name from pg_stat_activity where pid <> pg_backend_pid()",
  );
  for (const { pid, name } of backends) add(`postgres (${name})`, await cpuSecondsOf(pid));
  return seconds;
}

/** What was used between two looks, in milliseconds for each piece of work. */
export function cpuPerPiece(before: CpuSeconds, after: CpuSeconds, pieces: number): ReadonlyMap<string, number> {
  return new Map([...after].map(([name, seconds]) => [name, ((seconds - (before.get(name) ?? 0)) * 1000) / pieces]));
}

/** A connection may have ended between our look and this one: then it used nothing that counts. */
async function cpuSecondsOf(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, so fields are counted from the last parenthesis on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  } catch {
    return 0;
  }
}
