import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { z } from 'zod';

import { ServiceUnavailableAtStart } from './errors.ts';
import { readTextIfThere, writeFileDurably } from './files.ts';
import { isRunning, ownIdentity, processIdentitySchema } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Progress } from './progress.ts';

const POLL_MS = 50;
const INTERRUPT_DEADLINE_MS = 20_000;

/** Which process serves a data folder, and which Countersign started it. */
const runRecordSchema = z.object({ child: processIdentitySchema, owner: processIdentitySchema });

/** Remembers in `recordFile` that this process started `child`, for the start after a crash. */
export async function recordChild(recordFile: string, child: ProcessIdentity): Promise<void> {
  const record: z.infer<typeof runRecordSchema> = { child, owner: await ownIdentity() };
  await writeFileDurably(recordFile, JSON.stringify(record), 0o600);
}

/** Forgets a child that has ended. */
export async function forgetChild(recordFile: string): Promise<void> {
  await rm(recordFile, { force: true });
}

/**
 * Ends what an earlier run left behind, and waits until it is gone. Only the very process in `recordFile` is touched:
 * its start time is compared before every signal, since its pid may belong to somebody else by now.
 * @returns the pid it had, under which it does not run any more; null when there is no record
 * @throws {ServiceUnavailableAtStart} when the Countersign that started it still runs: then it is no leftover
 */
export async function endLeftover(service: string, recordFile: string, progress: Progress): Promise<number | null> {
  const record = await readRecord(recordFile);
  if (record === null) return null;
  if (!(await isRunning(record.child))) return record.child.pid;
  if (await isRunning(record.owner)) {
    throw new ServiceUnavailableAtStart(
      service,
      `${service} of this data folder is in use by another Countersign (process ${record.owner.pid}): stop that one, or set DATA_DIR to another folder.`,
    );
  }
  progress(`stopping ${service} that an interrupted run left behind (process ${record.child.pid})`);
  if (await signalAndWait(record.child, 'SIGINT', INTERRUPT_DEADLINE_MS)) return record.child.pid;
  progress(`${service} did not stop in ${INTERRUPT_DEADLINE_MS / 1000} s: killing process ${record.child.pid}`);
  await signalAndWait(record.child, 'SIGKILL', INTERRUPT_DEADLINE_MS);
  return record.child.pid;
}

/** Signals exactly this process, if it still runs. True when it is gone before the deadline. */
async function signalAndWait(identity: ProcessIdentity, signal: NodeJS.Signals, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  if (await isRunning(identity)) process.kill(identity.pid, signal);
  while (await isRunning(identity)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

async function readRecord(recordFile: string): Promise<z.infer<typeof runRecordSchema> | null> {
  const text = await readTextIfThere(recordFile);
  if (text === null) return null;
  try {
    return runRecordSchema.parse(JSON.parse(text));
  } catch {
    return null; // not one of ours: nothing that we may signal
  }
}
