import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { ServiceUnavailableAtStart } from '../../src/platform/embedded/errors.ts';
import { type ServerProcess, startServerProcess } from '../../src/platform/embedded/process.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { freePorts } from './free-ports.ts';
import { temporalConfig, type TemporalPorts, type TemporalStore } from './temporal-config.ts';
import { prepareTemporalDatabases } from './temporal-database.ts';
import { temporalPrograms } from './temporal-programs.ts';

/** Few: one small machine holds all of them, and each costs polling. */
const HISTORY_SHARDS = 4;
const RETENTION = '1 day';
const START_ATTEMPTS = 3;
const READY_WITHIN_MS = 90_000;
const LOOK_AGAIN_MS = 100;
const ANSWER_WITHIN_MS = 2_000;

export interface TemporalOnPostgresOptions {
  /** A superuser of a PostgreSQL that holds no Temporal yet. */
  readonly adminUrl: string;
  readonly progress: Progress;
  readonly namespace?: string;
}

export interface TemporalOnPostgres {
  /** `host:port` of the gRPC service, on loopback. */
  readonly address: string;
  readonly namespace: string;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/**
 * Starts the Temporal server that is run in production, all its parts in one process, with its state in PostgreSQL, and
 * returns when its namespace can be used.
 * @throws ServiceUnavailableAtStart
 */
export async function startTemporalOnPostgres(options: TemporalOnPostgresOptions): Promise<TemporalOnPostgres> {
  const { adminUrl, progress, namespace = 'default' } = options;
  const programs = await temporalPrograms(progress);
  const store = await prepareTemporalDatabases(adminUrl, programs);
  const folder = await scratchFolder('temporal-server');
  const { server, address } = await startServer(programs.server, folder, store);
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await makeNamespace(server, address, namespace);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, namespace, pids: [server.pid], stop };
}

/** Another program can take one of the ports between our look and the server's: then once more with other ones. */
async function startServer(
  program: string,
  folder: string,
  store: TemporalStore,
): Promise<{ server: ServerProcess; address: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await choosePorts();
    await writeFile(join(folder, 'countersign.yaml'), temporalConfig(ports, store, HISTORY_SHARDS), { mode: 0o600 });
    const server = await startServerProcess({
      program,
      args: ['--root', folder, '--config', '.', '--env', 'countersign', '--allow-no-auth', 'start'],
      recordFile: join(folder, 'process.json'),
      logFile: join(folder, 'server.log'),
      home: folder,
    });
    const address = `127.0.0.1:${ports.frontend}`;
    if (await becomesHealthy(server, address)) return { server, address };
    await server.stop();
    if (attempt === START_ATTEMPTS)
      throw new ServiceUnavailableAtStart('Temporal', `The Temporal server did not start: ${await lastWords(server)}`);
  }
}

async function choosePorts(): Promise<TemporalPorts> {
  const [frontend = 0, matching = 0, history = 0, worker = 0, ...membership] = await freePorts(8);
  const [a = 0, b = 0, c = 0, d = 0] = membership;
  return { frontend, matching, history, worker, membership: { frontend: a, matching: b, history: c, worker: d } };
}

function becomesHealthy(server: ServerProcess, address: string): Promise<boolean> {
  return succeeds(server, address, async (connection) => void (await connection.workflowService.getSystemInfo({})));
}

/** A new namespace is known to every part of the server only when their caches were refreshed: starting a workflow asks all. */
async function makeNamespace(server: ServerProcess, address: string, namespace: string): Promise<void> {
  const made = await succeeds(server, address, async ({ workflowService }) => {
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION) });
  });
  const usable =
    made &&
    (await succeeds(server, address, async (connection) => {
      const client = new Client({ connection, namespace });
      await client.workflow.start('probe', {
        workflowId: 'probe',
        taskQueue: 'probe',
        workflowExecutionTimeout: '1 second',
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
    }));
  if (!usable)
    throw new ServiceUnavailableAtStart(
      'Temporal',
      `The Temporal server did not take the namespace: ${await lastWords(server)}`,
    );
}

/** Repeats it until it succeeds. @returns false where the process has ended, or time is up */
async function succeeds(
  server: ServerProcess,
  address: string,
  work: (connection: Connection) => Promise<void>,
): Promise<boolean> {
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  const connection = Connection.lazy({ address });
  try {
    while (server.running() && performance.now() < giveUpAt) {
      try {
        await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => work(connection));
        return true;
      } catch {
        await pause(LOOK_AGAIN_MS); // not yet: whatever it is, the caller gives up in the end
      }
    }
    return false;
  } finally {
    await connection.close();
  }
}

async function lastWords(server: ServerProcess): Promise<string> {
  return (await server.output()).trim().split('\n').at(-1) ?? '';
}
