import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The folder for what is kept on this machine cannot be used. The message is one sentence for the operator. */
export class UnusableDataFolder extends Error {
  readonly code = 'unusable-data-folder';

  constructor(folder: string, why: string, options?: ErrorOptions) {
    super(`DATA_DIR: ${folder} ${why}. Set it to a folder that this user may write to.`, options);
    this.name = 'UnusableDataFolder';
  }
}

/**
 * Makes the folder where there is none yet, and the folders that it is in.
 * @throws UnusableDataFolder where it is something else, or cannot be made or written to
 */
export function prepareDataFolder(path: string): void {
  const folder = resolve(path);
  let isFolder: boolean;
  try {
    makeStepwise(folder);
    isFolder = statSync(folder).isDirectory();
    accessSync(folder, isFolder ? constants.W_OK | constants.X_OK : constants.F_OK);
  } catch (error) {
    throw new UnusableDataFolder(folder, `cannot be made or written to (${systemCode(error)})`, { cause: error });
  }
  if (!isFolder) throw new UnusableDataFolder(folder, 'is a file');
}

/** Node's own recursive way never ends in a file system that refuses new folders with ENOENT, as /proc does. */
function makeStepwise(folder: string): void {
  if (existsSync(folder)) return;
  makeStepwise(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error; // another process was first
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
