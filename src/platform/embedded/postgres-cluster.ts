import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { privateTemporaryFolder } from './cache-dir.ts';
import { CommandFailed, runCommand } from './command.ts';
import { ServiceUnavailableAtStart } from './errors.ts';
import { readTextIfThere, renameDurably, writeFileDurably } from './files.ts';
import type { PostgresPrograms, SystemUser } from './postgres-programs.ts';
import type { Progress } from './progress.ts';

const MAJOR_VERSION = '18';
const INITDB_TIMEOUT_MS = 5 * 60_000;

export interface PostgresCluster {
  /** The data directory in PostgreSQL's sense. */
  folder: string;
  superuserPassword: string;
}

/**
 * The cluster that belongs to `dataDir`, made if there is none yet: UTF-8, with the built-in C.UTF-8 collation, which
 * sorts the same on every machine and version, and a superuser whose password is in `dataDir`.
 * @throws {ServiceUnavailableAtStart} when it cannot be made, or was made by another major version
 */
export async function prepareCluster(
  dataDir: string,
  programs: PostgresPrograms,
  options: { durable: boolean },
  progress: Progress,
): Promise<PostgresCluster> {
  const passwordFile = join(dataDir, 'postgres.password');
  const stored = (await readTextIfThere(passwordFile))?.trim();
  const folder = await clusterFolder(dataDir, programs.user, progress);
  const version = (await readTextIfThere(join(folder, 'PG_VERSION')))?.trim();
  if (version !== undefined) {
    if (version !== MAJOR_VERSION)
      throw refusal(
        `${folder} was made by PostgreSQL ${version} and this is ${MAJOR_VERSION}: dump it with the old one and restore it, or set DATA_DIR to another folder.`,
      );
    if (stored === undefined)
      throw refusal(
        `${passwordFile} is missing, without which nobody gets into the database: bring it back, or set DATA_DIR to another folder.`,
      );
    return { folder, superuserPassword: stored };
  }
  const superuserPassword = stored ?? randomBytes(24).toString('base64url');
  if (stored === undefined) await writeFileDurably(passwordFile, `${superuserPassword}\n`, 0o600);
  progress(`making a PostgreSQL database in ${folder}`);
  await initialize(folder, superuserPassword, programs, options.durable);
  return { folder, superuserPassword };
}

/**
 * In `dataDir`; but where we are root and the user that PostgreSQL runs as cannot enter it, in a folder with a random
 * name under the temporary one. Which one is written down in `dataDir`, so that a new `dataDir` gets a new cluster.
 */
async function clusterFolder(dataDir: string, user: SystemUser | undefined, progress: Progress): Promise<string> {
  const inside = join(dataDir, 'postgres');
  const locationFile = join(dataDir, 'postgres.location');
  const elsewhere = (await readTextIfThere(locationFile))?.trim();
  if (elsewhere !== undefined) {
    if ((await readTextIfThere(join(elsewhere, 'PG_VERSION'))) === null)
      progress(`${elsewhere} is gone: starting with an empty database`);
    await mkdir(privateTemporaryFolder('data'), { recursive: true });
    return elsewhere;
  }
  if (user === undefined || (await canEnter(dataDir, user))) return inside;
  const chosen = join(privateTemporaryFolder('data'), `postgres-${randomBytes(6).toString('hex')}`);
  await writeFileDurably(locationFile, `${chosen}\n`);
  progress(
    `${dataDir} is closed to the user that PostgreSQL runs as: its data is in ${chosen} (a later clean-up of the temporary folder loses it)`,
  );
  return chosen;
}

async function canEnter(folder: string, user: SystemUser): Promise<boolean> {
  return await runCommand('test', ['-x', folder], { timeoutMs: 5_000, cwd: '/', user }).then(
    () => true,
    () => false,
  );
}

/** Under a temporary name that is then changed, so that a half-made cluster is never started. */
async function initialize(
  folder: string,
  password: string,
  programs: PostgresPrograms,
  durable: boolean,
): Promise<void> {
  await removeUnfinished(folder);
  const unfinished = `${folder}.unfinished-${randomBytes(6).toString('hex')}`;
  const passwordFile = `${unfinished}.password`;
  try {
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (programs.user !== undefined) {
      for (const path of [unfinished, passwordFile]) await chown(path, programs.user.uid, programs.user.gid);
    }
    await runCommand(programs.initdb, initdbArguments(unfinished, passwordFile, durable), {
      timeoutMs: INITDB_TIMEOUT_MS,
      cwd: '/',
      ...(programs.user && { user: programs.user }),
    });
    await renameDurably(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (error instanceof CommandFailed)
      throw refusal(`PostgreSQL could not make its data folder in ${dirname(folder)}: ${error.message}.`, error);
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function initdbArguments(folder: string, passwordFile: string, durable: boolean): string[] {
  return [
    `--pgdata=${folder}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
}

/** What earlier attempts that were killed have left. The caller holds the lock of this data folder. */
async function removeUnfinished(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.unfinished-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix))
      await rm(join(dirname(folder), name), { recursive: true, force: true, maxRetries: 10 }); // its writer may still be ending
  }
}

function refusal(message: string, cause?: unknown): ServiceUnavailableAtStart {
  return new ServiceUnavailableAtStart('PostgreSQL', message, { cause });
}
