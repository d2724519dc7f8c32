import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { delimiter, join } from 'node:path';

const KILL_AFTER_MS = 15_000;

export interface StepResult {
  /** Null when a signal ended it or it could not be started. */
  exitCode: number | null;
  /** What it wrote to standard output, when `capture` was asked for. */
  output: string;
}

/**
 * Runs commands one after the other, each in a process group of its own, and ends the whole group with it: test
 * workers and what they started must not stay behind, whether the run ends by itself or is interrupted.
 */
export class StepRunner {
  readonly #root: string;
  #current: ChildProcess | null = null;
  #interrupted = false;

  constructor(root: string) {
    this.#root = root;
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** Passes the signal on to what runs now; it is killed when it has not ended some seconds later. */
  interrupt(signal: NodeJS.Signals): void {
    this.#interrupted = true;
    signalGroup(this.#current, signal);
    setTimeout(() => {
      signalGroup(this.#current, 'SIGKILL');
    }, KILL_AFTER_MS).unref();
  }

  /** Runs a program of node_modules/.bin in the project's root. */
  async run(
    program: string,
    args: readonly string[],
    options: { capture?: boolean; nodeOptions?: string } = {},
  ): Promise<StepResult> {
    const bin = join(this.#root, 'node_modules', '.bin');
    const child = spawn(join(bin, program), args, {
      cwd: this.#root,
      env: {
        ...process.env,
        PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, // the project's Node, also where the caller's is older
        NODE_OPTIONS: [process.env['NODE_OPTIONS'], options.nodeOptions].filter(Boolean).join(' '),
      },
      stdio: ['ignore', options.capture ? 'pipe' : 'inherit', 'inherit'],
      detached: true,
    });
    this.#current = child;
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    const exitCode = await endOf(child);
    signalGroup(child, 'SIGKILL');
    this.#current = null;
    return { exitCode, output };
  }
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stdout.write(`${error.message}\n`);
      resolve(null);
    });
    child.once(child.stdout === null ? 'exit' : 'close', resolve);
  });
}

/** The group keeps the pid of its first process for as long as it has members, so it cannot be somebody else's. */
function signalGroup(leader: ChildProcess | null, signal: NodeJS.Signals): void {
  if (leader?.pid === undefined) return;
  try {
    process.kill(-leader.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error; // ESRCH: all have ended
  }
}
