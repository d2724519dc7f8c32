import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachedTool, platformName } from './cache-dir.ts';
import { CommandFailed, findOnPath, runCommand } from './command.ts';
import { toolEnvironment } from './environment.ts';
import { ServiceUnavailableAtStart } from './errors.ts';
import { withProgress } from './progress.ts';
import type { Progress } from './progress.ts';

/** 1.9.1 cannot be built from its published modules: one of them is missing. */
const CLI_VERSION = '1.5.1';
const BUILD_TIMEOUT_MS = 30 * 60_000;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

/**
 * The path of a `temporal` program that can run a development server: the one on the PATH, else one in the cache,
 * which the SDK downloads or, where that is refused, Go builds.
 * @throws {ServiceUnavailableAtStart} when there is none and none can be got
 */
export async function findTemporalBinary(progress: Progress): Promise<string> {
  const installed = await installedBinary();
  if (installed !== null) return installed;
  const folder = await cachedTool(`temporal-cli-${CLI_VERSION}-${platformName()}`, progress, (target) =>
    obtain(target, progress),
  );
  return join(folder, 'temporal');
}

/** Checks what the program says of itself, since others are called `temporal` too. */
async function installedBinary(): Promise<string | null> {
  const path = await findOnPath('temporal');
  if (path === null) return null;
  try {
    const version = await runCommand(path, ['--version'], { timeoutMs: 10_000 });
    return /^temporal version \d/i.test(version) ? path : null;
  } catch {
    return null; // not runnable here: go on with one of our own
  }
}

async function obtain(folder: string, progress: Progress): Promise<void> {
  progress('downloading the Temporal server (once)');
  const downloadFailure = await attempt(() =>
    downloadWithSdk('dev-server', CLI_VERSION, join(folder, 'temporal'), progress),
  );
  if (downloadFailure === null) return;

  if ((await findOnPath('go')) === null)
    throw missing('it cannot be downloaded, and Go, which could build it, is not installed', downloadFailure);
  progress('the download is refused: building the Temporal server with Go (once, some minutes)');
  const buildFailure = await attempt(() => buildWithGo(folder, progress));
  if (buildFailure !== null)
    throw missing(`it cannot be downloaded, and building it failed (${buildFailure.message})`, buildFailure);
}

/**
 * Lets the Temporal SDK download one of its servers, in this version, to `target`.
 * @throws {CommandFailed} where there is no internet access, mostly within a second
 */
export async function downloadWithSdk(
  kind: 'dev-server' | 'time-skipping',
  version: string,
  target: string,
  progress: Progress,
): Promise<void> {
  const folder = `${target}.download`;
  const script = fileURLToPath(new URL('./sdk-download.ts', import.meta.url));
  await mkdir(folder);
  try {
    const failure = await attempt(() =>
      withProgress(progress, 'still downloading', () =>
        runCommand(process.execPath, ['--no-warnings', script, kind, `v${version}`, folder], {
          timeoutMs: DOWNLOAD_TIMEOUT_MS,
        }),
      ),
    );
    // The SDK starts the server right after the download and gives it five seconds: on a busy machine that may fail
    // with the download complete, so what counts is the file, which gets its name only when it is whole.
    const downloaded = (await readdir(folder)).find((name) => !name.endsWith('.downloading'));
    if (downloaded === undefined) throw failure ?? new CommandFailed('The download', 'brought no file');
    await rename(join(folder, downloaded), target);
    await chmod(target, 0o755);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildWithGo(folder: string, progress: Progress): Promise<void> {
  await withProgress(progress, 'still building the Temporal server', () =>
    runCommand('go', ['install', '-ldflags=-s -w', `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`], {
      timeoutMs: BUILD_TIMEOUT_MS,
      environment: toolEnvironment({ GOBIN: folder }),
      cwd: folder, // outside of any module: a go.mod or go.work above the caller's folder would be obeyed
    }),
  );
}

async function attempt(work: () => Promise<unknown>): Promise<CommandFailed | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof CommandFailed) return error;
    throw error;
  }
}

function missing(why: string, cause: CommandFailed): ServiceUnavailableAtStart {
  return new ServiceUnavailableAtStart(
    'Temporal',
    `Temporal is missing: ${why}; install the "temporal" command (https://docs.temporal.io/cli) or Go, or set TEMPORAL_ADDRESS to a server you have.`,
    { cause },
  );
}
