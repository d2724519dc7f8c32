import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cachedTool, platformName } from '../../src/platform/embedded/cache-dir.ts';
import { runCommand } from '../../src/platform/embedded/command.ts';
import { toolEnvironment } from '../../src/platform/embedded/environment.ts';
import { type Progress, withProgress } from '../../src/platform/embedded/progress.ts';

const MODULE = 'go.temporal.io/server';
const VERSION = 'v1.29.1';
const BUILD_TIMEOUT_MS = 30 * 60_000;

export interface TemporalPrograms {
  readonly server: string;
  /** Temporal's own tool for its tables. */
  readonly sql: string;
  /** Folders with one sub-folder for each version of the tables. */
  readonly schemas: { readonly main: string; readonly visibility: string };
}

/**
 * The Temporal server that is run in production, in this version: built from its published Go module, once, and cached.
 * @throws CommandFailed where there is no Go, or the module cannot be had
 */
export async function temporalPrograms(progress: Progress): Promise<TemporalPrograms> {
  const folder = await cachedTool(`temporal-server-${VERSION}-${platformName()}`, progress, (target) =>
    build(target, progress),
  );
  return {
    server: join(folder, 'server'),
    sql: join(folder, 'sql'),
    schemas: { main: join(folder, 'schema', 'temporal'), visibility: join(folder, 'schema', 'visibility') },
  };
}

async function build(folder: string, progress: Progress): Promise<void> {
  progress('building the Temporal server with Go (once, some two minutes)');
  // Outside of any module: a go.mod or go.work above the caller's folder would be obeyed.
  const options = { timeoutMs: BUILD_TIMEOUT_MS, environment: toolEnvironment({ GOBIN: folder }), cwd: folder };
  const programs = ['cmd/server', 'cmd/tools/sql'].map((path) => `${MODULE}/${path}@${VERSION}`);
  await withProgress(progress, 'still building the Temporal server', () =>
    runCommand('go', ['install', '-ldflags=-s -w', ...programs], options),
  );
  const described = await runCommand('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`], options);
  const { Dir: source } = z.object({ Dir: z.string() }).parse(JSON.parse(described));
  for (const schema of ['temporal', 'visibility']) {
    const target = join(folder, 'schema', schema);
    await mkdir(target, { recursive: true });
    await cp(join(source, 'schema', 'postgresql', 'v12', schema, 'versioned'), target, { recursive: true });
  }
}
