import { setTimeout as delay } from 'node:timers/promises';

import { Connection } from '@temporalio/client';

import type { ServerProcess } from './process.ts';

const POLL_MS = 50;
const READY_TIMEOUT_MS = 60_000;

/**
 * Waits until the server answers for this namespace: its port is open some time before that.
 * @returns false when the process has ended, or does not answer within a minute
 */
export async function untilTemporalAnswers(
  server: ServerProcess,
  address: string,
  namespace: string,
): Promise<boolean> {
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (server.running() && performance.now() < giveUpAt) {
    if (await answers(address, namespace)) return true;
    await delay(POLL_MS);
  }
  return false;
}

async function answers(address: string, namespace: string): Promise<boolean> {
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(Date.now() + 1_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } catch {
    return false; // not yet: whatever it is, the caller gives up in the end
  } finally {
    await connection.close();
  }
}

/** The address when the web page is served there, null when this build of the server brings none. */
export async function webPageAt(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok ? url : null;
  } catch {
    return null; // nothing listens there
  }
}
