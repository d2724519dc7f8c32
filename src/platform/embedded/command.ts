import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';

import { z } from 'zod';

import { toolEnvironment } from './environment.ts';

const execFileAsync = promisify(execFile);
const OUTPUT_LIMIT_BYTES = 64_000_000;

export interface CommandOptions {
  /** After so many milliseconds the command is killed. */
  timeoutMs: number;
  environment?: Record<string, string>;
  cwd?: string;
  /** Run as this user; only root can. */
  user?: { uid: number; gid: number };
}

/** A command could not be started, ended with an error, or took too long. The message holds its last words. */
export class CommandFailed extends Error {
  readonly code = 'command-failed';

  constructor(program: string, what: string, printed = '') {
    const reason = tellingLine(printed);
    super(`${basename(program)} ${what}${reason === '' ? '' : `: ${reason}`}`);
    this.name = 'CommandFailed';
  }
}

/** The last line that speaks of an error, or else the last one: after it programs print traces and advice. */
function tellingLine(printed: string): string {
  const lines = printed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.findLast((line) => /error|fatal|cannot|failed/i.test(line)) ?? lines.at(-1) ?? '';
}

/**
 * Runs a program to its end, without a shell and without input, and returns what it printed on standard output. It
 * stays in our process group: a Ctrl-C ends a build together with us.
 * @throws {CommandFailed}
 */
export async function runCommand(program: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const running = execFileAsync(program, args, {
    env: options.environment ?? toolEnvironment(),
    cwd: options.cwd,
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_LIMIT_BYTES,
    ...options.user,
  });
  const { child } = running;
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill); // a build must not go on when we are told to end
  child.stdin?.end();
  try {
    return (await running).stdout;
  } catch (error) {
    throw failureOf(program, options, error);
  } finally {
    process.removeListener('exit', kill);
  }
}

const failureSchema = z.object({
  message: z.string(),
  code: z.union([z.string(), z.number()]).nullish(),
  signal: z.string().nullish(),
  killed: z.boolean().optional(),
  stdout: z.string().default(''),
  stderr: z.string().default(''),
});

function failureOf(program: string, options: CommandOptions, error: unknown): CommandFailed {
  const { message, code, signal, killed, stdout, stderr } = failureSchema.parse(error);
  if (killed) return new CommandFailed(program, `took longer than ${options.timeoutMs / 1000} s`, stderr || stdout);
  if (typeof code === 'string') return new CommandFailed(program, `could not be run: ${message}`);
  return new CommandFailed(program, `failed (${signal ?? `exit code ${code}`})`, stderr || stdout);
}

/** Where a program is that can be run by its name, or null. Looks along the PATH as a shell does. */
export async function findOnPath(program: string): Promise<string | null> {
  try {
    const found = await runCommand('sh', ['-c', 'command -v -- "$1"', 'sh', program], { timeoutMs: 5_000 });
    return found.trim() || null;
  } catch {
    return null; // the shell's answer for "there is none"
  }
}
