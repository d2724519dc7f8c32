import { access, chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ServiceUnavailableAtStart } from './errors.ts';
import { endLeftover } from './leftover.ts';
import { withLock } from './lock.ts';
import { rememberedPort } from './ports.ts';
import { startServerProcess } from './process.ts';
import type { ServerProcess } from './process.ts';
import type { Progress } from './progress.ts';
import { scratchFolder } from './scratch-folder.ts';
import { findTemporalBinary } from './temporal-binary.ts';
import { untilTemporalAnswers, webPageAt } from './temporal-ready.ts';

const RETRY_FOR_MS = 15_000;
const RETRY_EVERY_MS = 300;

export interface EmbeddedTemporalOptions {
  /** Where its state and ports are kept; null keeps the state in memory, without a web page. */
  dataDir: string | null;
  /** Made when it is not there. */
  namespace: string;
  progress: Progress;
  /** Where it has to be: one that is started again for those who know its address. Waited for while it is taken. */
  at?: TemporalPorts;
}

/** Ports on loopback; the second is that of the web page. */
export interface TemporalPorts {
  port: number;
  uiPort: number | null;
}

export interface EmbeddedTemporal {
  /** `host:port` of the gRPC service, on loopback. */
  address: string;
  /** The web page, null where there is none. */
  uiUrl: string | null;
  ports: TemporalPorts;
  /** The server's process. */
  pid: number;
  /** Fulfilled with a description when the server has ended, for whatever reason. */
  ended: Promise<string>;
  /** Stops the server, which takes it about a second; kills it when that takes longer than 20 s. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts Temporal's development server and returns when it answers for the namespace. With a data folder its state
 * survives, a kill -9 included.
 * @throws {ServiceUnavailableAtStart}
 */
export async function startEmbeddedTemporal(options: EmbeddedTemporalOptions): Promise<EmbeddedTemporal> {
  const binary = await findTemporalBinary(options.progress);
  if (options.dataDir === null) return await startInMemory(binary, options);

  const folder = join(resolve(options.dataDir), 'temporal');
  await mkdir(folder, { recursive: true, mode: 0o711 });
  await chmod(folder, 0o700); // the server makes its files readable for everybody
  return await withLock(join(folder, 'lock'), options.progress, 'starting the same Temporal', async () => {
    await endLeftover('Temporal', recordFileIn(folder), options.progress);
    await removeHalfMadeState(folder);
    const started = await startWithRetry(binary, folder, options, true);
    await writeFile(stateMarkerIn(folder), '');
    return started;
  });
}

async function startInMemory(binary: string, options: EmbeddedTemporalOptions): Promise<EmbeddedTemporal> {
  const folder = await scratchFolder('temporal');
  try {
    const started = await startWithRetry(binary, folder, options, false);
    const stop = async (): Promise<void> => {
      await started.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { ...started, stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Another program can take one of the ports between our look and the server's: then once more with other ones. */
async function startWithRetry(
  binary: string,
  folder: string,
  { namespace, at }: EmbeddedTemporalOptions,
  persistent: boolean,
): Promise<EmbeddedTemporal> {
  const giveUpAt = performance.now() + RETRY_FOR_MS;
  for (;;) {
    const { port, uiPort } = at ?? (await rememberedPorts(folder, persistent));
    const server = await startServerProcess({
      program: binary,
      args: serverArguments({ port, uiPort, namespace, stateFile: persistent ? stateFileIn(folder) : null }),
      recordFile: recordFileIn(folder),
      logFile: logFileIn(folder),
      home: folder,
    });
    const address = `127.0.0.1:${port}`;
    if (await untilTemporalAnswers(server, address, namespace)) {
      const uiUrl = uiPort === null ? null : await webPageAt(`http://127.0.0.1:${uiPort}`);
      const { pid, ended } = server;
      return { address, uiUrl, ports: { port, uiPort }, pid, ended, stop: () => server.stop() };
    }
    await server.stop();
    const output = await server.output();
    if (!/address already in use|can't set .* port/i.test(output) || performance.now() > giveUpAt)
      throw await startFailure(server, output, logFileIn(folder));
    await delay(RETRY_EVERY_MS);
  }
}

async function rememberedPorts(folder: string, persistent: boolean): Promise<TemporalPorts> {
  const port = await rememberedPort(join(folder, 'port'));
  return { port, uiPort: persistent ? await rememberedPort(join(folder, 'ui-port')) : null };
}

/** One fsync per commit instead of three: some 300 workflow starts a second instead of 140, and no less durable. */
const writeAheadLog = ['--sqlite-pragma=journal_mode=WAL', '--sqlite-pragma=synchronous=FULL'];

function serverArguments(options: {
  port: number;
  uiPort: number | null;
  namespace: string;
  stateFile: string | null;
}): string[] {
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${options.port}`,
    `--namespace=${options.namespace}`,
    '--log-level=error',
    ...(options.uiPort === null ? ['--headless'] : [`--ui-port=${options.uiPort}`]),
    ...(options.stateFile === null ? [] : [`--db-filename=${options.stateFile}`, ...writeAheadLog]),
  ];
}

/**
 * The server makes its tables only when the file is not there, and not in one transaction: killed in the first second
 * of its life it would never start again. Until it has answered once, nothing of value is in the file.
 */
async function removeHalfMadeState(folder: string): Promise<void> {
  if (await isThere(stateMarkerIn(folder))) return;
  for (const suffix of ['', '-journal', '-wal', '-shm']) await rm(`${stateFileIn(folder)}${suffix}`, { force: true });
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function startFailure(
  server: ServerProcess,
  output: string,
  logFile: string,
): Promise<ServiceUnavailableAtStart> {
  const reason = output.split('\n').findLast((line) => /error|fatal|panic/i.test(line)) ?? (await server.ended);
  return new ServiceUnavailableAtStart(
    'Temporal',
    `Temporal did not start: ${reason.trim()}; see ${logFile}, or set TEMPORAL_ADDRESS to a server you have.`,
  );
}

function recordFileIn(folder: string): string {
  return join(folder, 'process.json');
}

function logFileIn(folder: string): string {
  return join(folder, 'server.log');
}

function stateFileIn(folder: string): string {
  return join(folder, 'state.db');
}

function stateMarkerIn(folder: string): string {
  return join(folder, 'state.complete');
}
