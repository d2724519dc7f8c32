import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDataFolder } from './data-folder.ts';

const FILE = 'secret.key';

/** The kept master secret cannot be read for another reason than that there is none yet. */
export class UnreadableSecret extends Error {
  readonly code = 'unreadable-secret';
  constructor() {
    super(
      `${FILE} in the data folder is not 64 hexadecimal characters: restore it, or set COUNTERSIGN_SECRET_KEY. Without it nothing that was stored can be read.`,
    );
  }
}

/**
 * The master secret: the operator's, or one that is made at the first start and kept in the data folder (mode 0600).
 * @returns 64 hexadecimal characters
 * @throws UnreadableSecret, UnusableDataFolder
 */
export function masterSecret(given: string | null, dataDir: string): string {
  if (given !== null) return given;
  const file = join(dataDir, FILE);
  if (!existsSync(file)) makeSecret(dataDir, file);
  const secret = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/i.test(secret)) throw new UnreadableSecret();
  return secret;
}

/** Two processes that start at once agree on the one that was first. */
function makeSecret(dataDir: string, file: string): void {
  prepareDataFolder(dataDir);
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
