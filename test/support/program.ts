import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export type Program = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Starts a program of the tests in a process of its own; whoever starts it ends it, also where the test fails. What it
 * writes to standard error is passed on and not inherited: a process that was left behind would keep Jest's own pipe open,
 * and the run would wait for it.
 */
export function startProgram(program: URL, environment: NodeJS.ProcessEnv): Program {
  const child = spawn(process.execPath, ['--no-warnings', fileURLToPath(program)], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.on('data', (text: Buffer) => void process.stderr.write(text));
  return child;
}
