import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { runCommand } from './command.ts';
import { serverEnvironment } from './environment.ts';
import { forgetChild, recordChild } from './leftover.ts';
import { identityOf } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { openServerLog, readTail } from './server-log.ts';

const STOP_DEADLINE_MS = 20_000;

export interface ServerProcessOptions {
  program: string;
  args: readonly string[];
  /** Where pid and start time are kept for the start after a crash. */
  recordFile: string;
  /** Where the server's output goes. A file and not a pipe: a server must not block on us, nor die of our end. */
  logFile: string;
  /** Run as this user; only root can. */
  user?: { uid: number; gid: number } | undefined;
  /** What the server gets as HOME, for one that leaves files there. */
  home?: string;
}

export interface ServerProcess {
  pid: number;
  /** False once the process has ended, for whatever reason. */
  running(): boolean;
  /** Fulfilled with a description such as `exit code 1` when the process has ended, for whatever reason. */
  ended: Promise<string>;
  /** What the process has written to its log since it was started, at most the last 8 kB. */
  output(): Promise<string>;
  /** Interrupts the process, kills it when it has not ended after 20 s, and is done when it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a server that never outlives this process, not even a kill -9 of it: the kernel (Linux, PR_SET_PDEATHSIG) or
 * a small guard process then interrupts it. It gets a session of its own, so that a Ctrl-C in the terminal reaches
 * only us and we stop things in their order.
 *
 * To be called from the main thread: PR_SET_PDEATHSIG tells of the end of the thread that started the process.
 * @throws the system's error when the program cannot be started
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const log = await openServerLog(options.logFile);
  const offset = (await log.stat()).size;
  const kernelGuards = await hasParentDeathSignal();
  const [program, args] = kernelGuards
    ? ['setpriv', ['--pdeathsig', 'INT', '--', options.program, ...options.args]]
    : [options.program, [...options.args]];
  try {
    const child = spawn(program, args, {
      cwd: '/', // a folder that the other user may enter, and that nobody wants to unmount
      env: serverEnvironment(options.home),
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      ...options.user,
    });
    const ended = endOf(child);
    await once(child, 'spawn'); // throws when the program cannot be started
    const identity = child.pid === undefined ? null : await identityOf(child.pid);
    const guard = kernelGuards || identity === null ? null : startGuard(identity);
    if (identity !== null) await recordChild(options.recordFile, identity);
    return serverProcess(child, ended, guard, options, offset);
  } finally {
    await log.close();
  }
}

function serverProcess(
  child: ChildProcess,
  ended: Promise<string>,
  guard: ChildProcess | null,
  options: ServerProcessOptions,
  logOffset: number,
): ServerProcess {
  let stopped: Promise<void> | null = null;
  void ended.then(() => guard?.stdin?.end());
  return {
    pid: child.pid ?? 0,
    running: () => child.exitCode === null && child.signalCode === null,
    ended,
    output: () => readTail(options.logFile, logOffset),
    stop: () => {
      stopped ??= stopChild(child, ended, options.recordFile);
      return stopped;
    },
  };
}

/** ChildProcess.kill does nothing once the process has been reaped, so the pid of another is never signalled. */
async function stopChild(child: ChildProcess, ended: Promise<string>, recordFile: string): Promise<void> {
  child.kill('SIGINT');
  const deadline = new AbortController();
  const late = delay(STOP_DEADLINE_MS, 'late', { signal: deadline.signal }).catch(() => 'in time');
  if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL');
  deadline.abort();
  await ended;
  await forgetChild(recordFile);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => {
      resolve(signal === null ? `exit code ${exitCode}` : `signal ${signal}`);
    });
  });
}

/** Busybox has a `setpriv` without this option, and other systems have none: asked once. */
let parentDeathSignal: Promise<boolean> | null = null;
function hasParentDeathSignal(): Promise<boolean> {
  parentDeathSignal ??= runCommand('setpriv', ['--pdeathsig', 'INT', '--', 'true'], { timeoutMs: 5_000 }).then(
    () => true,
    () => false,
  );
  return parentDeathSignal;
}

function startGuard(child: ProcessIdentity): ChildProcess {
  const script = fileURLToPath(new URL('./guard.ts', import.meta.url));
  const guard = spawn(process.execPath, ['--no-warnings', script, String(child.pid), child.startedAt], {
    cwd: '/',
    env: serverEnvironment(),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  return guard;
}
