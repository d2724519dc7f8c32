import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { heapFile } from './memory.ts';
import { type ServerProcess, startServerProcess } from '../../src/platform/embedded/process.ts';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));
const READY_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 50;

export interface ProductProcessOptions {
  readonly entry: 'api' | 'worker';
  /** Where its environment, its log and its record are kept. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Options of Node itself, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
}

/** Starts the API or the worker as it runs in production, and does not wait until it is ready. It never outlives this process. */
export async function startProductProcess({
  entry,
  folder,
  environment,
  nodeOptions = [],
}: ProductProcessOptions): Promise<ServerProcess> {
  const environmentFile = join(folder, `${entry}.env`);
  // In a file, because everybody can read the arguments of a process.
  await writeFile(
    environmentFile,
    Object.entries({ ...environment, BENCH_LIVE_HEAP: heapFile(folder, entry) })
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(''),
    { mode: 0o600 },
  );
  return startServerProcess({
    program: process.execPath,
    args: ['--no-warnings', ...nodeOptions, `--env-file=${environmentFile}`, join(SOURCES, `${entry}.ts`)],
    recordFile: join(folder, `${entry}.process.json`),
    logFile: join(folder, `${entry}.log`),
    home: folder,
  });
}

/** Waits until the process says that it is ready. */
export async function untilReady(
  server: Pick<ServerProcess, 'running' | 'output'>,
  look: () => Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!(await look())) {
    if (!server.running())
      throw new Error(`a process has ended instead of starting: ${(await server.output()).slice(-1_000)}`);
    if (performance.now() > giveUpAt)
      throw new Error(
        `a process was not ready within ${READY_WITHIN_MS / 1000} s: ${(await server.output()).slice(-1_000)}`,
      );
    await pause(LOOK_AGAIN_MS);
  }
}

/** Whether a web server answers, and well. */
export async function answersWell(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // nothing listens there yet
  }
}
