import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../bin/countersign.mjs', import.meta.url));

export interface CliResult {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs `npx countersign` as an operator does, with this environment and no other settings. */
export async function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  input: string = '',
): Promise<CliResult> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  const [output, errors, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exitCode, output, errors };
}

/** The key that a command has printed. */
export function keyIn({ output }: CliResult): string {
  const key = /^ {2}(cs_[\w-]{43})$/m.exec(output)?.[1];
  if (!key) throw new Error(`no key in: ${output}`);
  return key;
}
