import { setTimeout as pause } from 'node:timers/promises';

/** Waits for so long in milliseconds; ends early, and without an error, where the signal says so. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
