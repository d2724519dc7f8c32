import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ServiceUnavailableAtStart } from './errors.ts';
import { readTextIfThere } from './files.ts';
import { endLeftover } from './leftover.ts';
import { withLock } from './lock.ts';
import { rememberedPort } from './ports.ts';
import { prepareCluster } from './postgres-cluster.ts';
import type { PostgresCluster } from './postgres-cluster.ts';
import { findPostgresPrograms } from './postgres-programs.ts';
import type { PostgresPrograms } from './postgres-programs.ts';
import { identityOf } from './process-identity.ts';
import { startServerProcess } from './process.ts';
import type { ServerProcess } from './process.ts';
import { withProgress } from './progress.ts';
import type { Progress } from './progress.ts';

const RETRY_FOR_MS = 15_000;
const RETRY_EVERY_MS = 300;
const POLL_MS = 20;

export interface EmbeddedPostgresOptions {
  /** Where its data, port and password are kept; made when it is not there. */
  dataDir: string;
  progress: Progress;
  /** Settings of postgresql.conf that take precedence over ours, such as `{ fsync: 'off' }` in tests. */
  settings?: Record<string, string>;
  /** Where it has to be: one that is started again for those who know its address. Waited for while it is taken. */
  port?: number;
}

export interface EmbeddedPostgres {
  /** Connection URL of the superuser, with its password; listens on loopback only. */
  adminUrl: string;
  port: number;
  /** The server's main process. */
  pid: number;
  /** Fulfilled with a description when the server has ended, for whatever reason. */
  ended: Promise<string>;
  /** Ends sessions, writes a checkpoint and stops; kills the server when that takes longer than 20 s. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the PostgreSQL of this data folder and returns when it accepts connections. Whatever the last run died of,
 * it comes up with its committed data: a leftover server is interrupted, and a start that is refused because one is
 * still ending is tried again for 15 s. postmaster.pid is never touched: it is what keeps two servers off one folder.
 * @throws {ServiceUnavailableAtStart}
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o711 }); // others may pass through, as the user postgres has to, and not look around
  const settings = { ...defaultSettings, ...options.settings };
  return await withLock(join(dataDir, 'postgres.lock'), options.progress, 'starting the same database', async () => {
    const endedPid = await endLeftover('PostgreSQL', recordFileIn(dataDir), options.progress);
    const programs = await findPostgresPrograms(options.progress);
    const cluster = await prepareCluster(dataDir, programs, { durable: settings['fsync'] !== 'off' }, options.progress);
    await waitForOtherServer(cluster.folder, endedPid);
    const { server, port } = await startWithRetry(dataDir, programs, cluster, settings, options);
    return {
      adminUrl: `postgres://postgres:${cluster.superuserPassword}@127.0.0.1:${port}/postgres`,
      port,
      pid: server.pid,
      ended: server.ended,
      stop: () => server.stop(),
    };
  });
}

/** The server's log must hold nobody's data: no statements, parameters or error messages, which quote values. */
const defaultSettings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
};

async function startWithRetry(
  dataDir: string,
  programs: PostgresPrograms,
  cluster: PostgresCluster,
  settings: Record<string, string>,
  { port: givenPort, progress }: EmbeddedPostgresOptions,
): Promise<{ server: ServerProcess; port: number }> {
  const giveUpAt = performance.now() + RETRY_FOR_MS;
  for (;;) {
    const port = givenPort ?? (await rememberedPort(join(dataDir, 'postgres.port')));
    const server = await startServerProcess({
      program: programs.postgres,
      args: [
        '-D',
        cluster.folder,
        ...Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      recordFile: recordFileIn(dataDir),
      logFile: logFileIn(dataDir),
      user: programs.user,
    });
    const ready = await withProgress(progress, 'PostgreSQL is recovering', () => untilReady(server, cluster.folder));
    if (ready) return { server, port };
    const output = await server.output();
    if (!mayPass(output) || performance.now() > giveUpAt)
      throw startFailure(output, await server.ended, logFileIn(dataDir));
    await delay(RETRY_EVERY_MS);
  }
}

/** Reasons that go away when the processes of a server that was killed have ended. */
function mayPass(output: string): boolean {
  return /lock file "postmaster\.pid"|pre-existing shared memory block|Address already in use/.test(output);
}

/**
 * A server on this folder that we have no record of and that is just ending still has its port: that is no reason to
 * move to another one. After a reboot, or in a container, the pid in the file may be anybody's: not waited for.
 */
async function waitForOtherServer(folder: string, endedPid: number | null): Promise<void> {
  const giveUpAt = performance.now() + RETRY_FOR_MS;
  while (performance.now() < giveUpAt) {
    const status = await readStatus(folder);
    if (status === null || status.pid === endedPid || (await identityOf(status.pid)) === null) return;
    await delay(RETRY_EVERY_MS);
  }
}

/** Waits as pg_ctl does: the server writes `ready` into its postmaster.pid. False when it has ended instead. */
async function untilReady(server: ServerProcess, folder: string): Promise<boolean> {
  while (server.running()) {
    const status = await readStatus(folder);
    if (status?.pid === server.pid && status.state === 'ready') return true;
    await delay(POLL_MS);
  }
  return false;
}

/** postmaster.pid: the first line is the pid, the eighth the state (PostgreSQL's src/include/utils/pidfile.h). */
async function readStatus(folder: string): Promise<{ pid: number; state: string } | null> {
  const text = await readTextIfThere(join(folder, 'postmaster.pid'));
  if (text === null) return null;
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, state: (lines[7] ?? '').trim() } : null;
}

function startFailure(output: string, ending: string, logFile: string): ServiceUnavailableAtStart {
  const reason = output.split('\n').findLast((line) => /FATAL|PANIC/.test(line)) ?? ending;
  return new ServiceUnavailableAtStart(
    'PostgreSQL',
    `PostgreSQL did not start: ${reason.trim()}; see ${logFile}, or set DATABASE_URL to a server you have.`,
  );
}

function recordFileIn(dataDir: string): string {
  return join(dataDir, 'postgres.process.json');
}

function logFileIn(dataDir: string): string {
  return join(dataDir, 'postgres.log');
}
