import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { hasSystemCode } from './errors.ts';
import { readTextIfThere } from './files.ts';
import { isRunning, ownIdentity, processIdentitySchema } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Progress } from './progress.ts';

const POLL_MS = 200;
const REMIND_MS = 15_000;

/**
 * Runs `work` while no other process on this machine runs work under the same lock file. The lock of a process that
 * is gone (pid and start time) is taken over.
 *
 * It saves double work and gives no more than that: in a take-over by three processes in the same instant two may
 * get in, so what is done under it must still be written under a temporary name and renamed.
 */
export async function withLock<Result>(
  lockFile: string,
  progress: Progress,
  purpose: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const ticket = `${lockFile}.${randomBytes(6).toString('hex')}`;
  await writeFile(ticket, JSON.stringify(await ownIdentity()));
  try {
    await acquire(lockFile, ticket, progress, purpose);
  } finally {
    await rm(ticket, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

/** link(2) is atomic and brings the content with it: nobody ever sees a lock without its owner. */
async function acquire(lockFile: string, ticket: string, progress: Progress, purpose: string): Promise<void> {
  let remindAt = performance.now();
  for (;;) {
    try {
      await link(ticket, lockFile);
      return;
    } catch (error) {
      if (!hasSystemCode(error, 'EEXIST')) throw error;
    }
    const holder = await holderOf(lockFile);
    if (holder === 'gone' || (holder !== null && !(await isRunning(holder)))) {
      await removeStale(lockFile);
      continue;
    }
    if (holder !== null && performance.now() >= remindAt) {
      progress(`waiting for process ${holder.pid}, which is ${purpose}`);
      remindAt = performance.now() + REMIND_MS;
    }
    await delay(POLL_MS);
  }
}

/** Who holds the lock; null when it has just been released; `gone` when the file says nothing that can be read. */
async function holderOf(lockFile: string): Promise<ProcessIdentity | 'gone' | null> {
  const text = await readTextIfThere(lockFile);
  if (text === null) return null;
  try {
    return processIdentitySchema.parse(JSON.parse(text));
  } catch {
    return 'gone'; // cut short by a full disk, or not written by us
  }
}

/** Renames first: of two that take over at once, only one gets the stale file. */
async function removeStale(lockFile: string): Promise<void> {
  const aside = `${lockFile}.stale-${randomBytes(6).toString('hex')}`;
  try {
    await rename(lockFile, aside);
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return;
    throw error;
  }
  const taken = await holderOf(aside);
  if (taken !== null && taken !== 'gone' && (await isRunning(taken))) {
    // Someone got the lock between our look and our rename: give it back unless a third has it by now.
    await link(aside, lockFile).catch((error: unknown) => {
      if (!hasSystemCode(error, 'EEXIST')) throw error;
    });
  }
  await rm(aside, { force: true });
}
