import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { z } from 'zod';

const execFileAsync = promisify(execFile);

/** Names one process for good: pids are used again, a pid together with its start time is not. */
export const processIdentitySchema = z.object({ pid: z.int().positive(), startedAt: z.string().min(1) });
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** Who we are ourselves. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const identity = await identityOf(process.pid);
  if (identity === null) throw new Error('The start time of this very process cannot be read');
  return identity;
}

/** The identity of a running process, or null when there is none with this pid (one that only waits to be reaped counts as gone). */
export async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const startedAt = process.platform === 'linux' ? startTimeFromProc(pid) : await startTimeFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** True while exactly this process runs; false once it has ended, even when its pid belongs to somebody else by now. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const current = await identityOf(identity.pid);
  return current !== null && current.startedAt === identity.startedAt;
}

/** proc_pid_stat(5): the name in parentheses may hold anything, so fields are counted from the last parenthesis on. */
function startTimeFromProc(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null; // ENOENT or ESRCH: no such process
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (startTicks === undefined || state === 'Z' || state === 'X') return null;
  return `${bootId()}:${startTicks}`;
}

/** Start times in /proc count from the boot, so the boot belongs to them. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

async function startTimeFromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await execFileAsync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    const [state = '', ...startedAt] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? null : startedAt.join(' ');
  } catch {
    return null; // ps exits with 1 when there is no such process
  }
}
