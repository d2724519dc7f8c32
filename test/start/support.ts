import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export type Entry = 'main' | 'api' | 'worker';

export interface Ended {
  readonly exitCode: number | null;
  /** Standard error, without the line ends around it. */
  readonly errors: string;
  /** Lines of the log at `error` and `fatal`. */
  readonly complaints: readonly string[];
  readonly seconds: number;
}

/** Starts a process with this environment and no other settings, and waits for its end; kills it after 25 s. */
export async function startAndWait(entry: Entry, environment: Readonly<Record<string, string>>): Promise<Ended> {
  const began = performance.now();
  const program = fileURLToPath(new URL(`../../src/${entry}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', program], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], LOG_LEVEL: 'error', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 25_000,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  const [log, errors, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return {
    exitCode,
    errors: errors.trim(),
    complaints: log.split('\n').filter((line) => line.startsWith('{')),
    seconds: (performance.now() - began) / 1000,
  };
}
