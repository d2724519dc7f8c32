import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';

import { withLock } from './lock.ts';
import type { Progress } from './progress.ts';

/**
 * The folder where this user's built and downloaded tools are kept: `$XDG_CACHE_HOME/countersign`, or
 * `~/.cache/countersign` (XDG Base Directory Specification: a relative value is ignored). Where that cannot be written
 * to, a folder of this user's own under the system's temporary one. The folder exists when this returns.
 */
export function cacheDir(): string {
  try {
    const preferred = join(cacheHome(), 'countersign');
    mkdirSync(preferred, { recursive: true, mode: 0o755 });
    accessSync(preferred, constants.W_OK | constants.X_OK);
    return preferred;
  } catch {
    return privateTemporaryFolder('cache'); // read-only home, or a user without one
  }
}

function cacheHome(): string {
  const configured = process.env['XDG_CACHE_HOME'];
  return configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), '.cache');
}

/**
 * A folder under the system's temporary one that only this user can write to. Everybody may create names there, so a
 * folder made by someone else in advance could slip programs under us: owner and mode are checked.
 */
export function privateTemporaryFolder(name: string): string {
  const owner = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `countersign-${owner}`, name);
  for (const step of [dirname(folder), folder]) {
    mkdirSync(step, { recursive: true, mode: 0o755 });
    const found = lstatSync(step);
    if (!found.isDirectory() || found.uid !== owner || (found.mode & 0o022) !== 0) {
      throw new Error(
        `${step} belongs to somebody else or can be written to by others: remove it, or set TMPDIR to another folder`,
      );
    }
  }
  return folder;
}

/**
 * The folder of a tool with this name (which includes its version), built at most once: `build` fills an empty
 * temporary folder, which then gets its name. A second process that wants it meanwhile waits and says so.
 */
export async function cachedTool(
  name: string,
  progress: Progress,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheDir(), name);
  return await builtOnce(folder, progress, build);
}

/** As `cachedTool`, for any folder. Throws what `build` throws, and then leaves nothing behind. */
export async function builtOnce(
  folder: string,
  progress: Progress,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  if (await isThere(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  await withLock(`${folder}.lock`, progress, `preparing ${basename(folder)}`, async () => {
    if (await isThere(folder)) return;
    await removeUnfinished(folder);
    const unfinished = await mkdtemp(`${folder}.unfinished-`);
    try {
      await build(unfinished);
      await rename(unfinished, folder);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      if (await isThere(folder)) return; // another process was first: its result is as good
      throw error;
    }
  });
  return folder;
}

/** What builds that were killed have left; only the holder of the lock comes here. */
async function removeUnfinished(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.unfinished-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix))
      await rm(join(dirname(folder), name), { recursive: true, force: true, maxRetries: 10 }); // its writer may still be ending
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** The part of a tool's name that tells machines apart which share one home: `linux-x64`. */
export function platformName(): string {
  return `${process.platform}-${process.arch}`;
}
