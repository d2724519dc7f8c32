import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hasSystemCode } from './errors.ts';
import { identityOf } from './process-identity.ts';

/**
 * A new folder under the system's temporary one for something that need not survive this process (`kind` names it).
 * Whoever asks for it removes it; those of processes that were killed are removed here.
 */
export async function scratchFolder(kind: string): Promise<string> {
  await removeAbandoned(`countersign-${kind}-`);
  return await mkdtemp(join(tmpdir(), `countersign-${kind}-${process.pid}-`));
}

async function removeAbandoned(prefix: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(prefix) ? /^(\d+)-/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid === undefined || (await identityOf(Number(pid))) !== null) continue;
    if (await isOurs(join(tmpdir(), name))) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

async function isOurs(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).uid === process.getuid?.();
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return false; // removed meanwhile by another process
    throw error;
  }
}
