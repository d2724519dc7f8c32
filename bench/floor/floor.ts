import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startServerProcess } from '../../src/platform/embedded/process.ts';
import { inParallel, timed } from '../support/concurrency.ts';
import type { Round } from '../support/round.ts';
import type { Services } from '../support/services.ts';
import { FLOOR_QUEUE } from './queue.ts';
import { stepUpdate, twoUpdates } from './workflow.ts';

/** Bare workflows with two Updates each, on the same server as the product, with a worker process of their own. */
export interface Floor {
  /** Of its worker. */
  readonly pid: number;
  round(workflows: number, clients: number): Promise<Round>;
  stop(): Promise<void>;
}

/** Resolves when its worker works. */
export async function startFloor({ folder, temporal }: Pick<Services, 'folder' | 'temporal'>): Promise<Floor> {
  const worker = await startServerProcess({
    program: process.execPath,
    args: [
      '--no-warnings',
      fileURLToPath(new URL('./worker.ts', import.meta.url)),
      temporal.address,
      temporal.namespace,
    ],
    recordFile: join(folder, 'floor.process.json'),
    logFile: join(folder, 'floor.log'),
    home: folder,
  });
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, namespace: temporal.namespace });
  // Waits until there is a worker.
  await carryOut(client, []);
  return {
    pid: worker.pid,
    async round(workflows, clients) {
      const updates: number[] = [];
      const { ms } = await timed(() => inParallel(workflows, clients, () => carryOut(client, updates)));
      return { perSecond: workflows / (ms / 1000), decisions: updates };
    },
    async stop() {
      await connection.close();
      await worker.stop();
    },
  };
}

/** @param updates takes how long each Update took, in milliseconds */
async function carryOut(client: Client, updates: number[]): Promise<void> {
  const handle = await client.workflow.start(twoUpdates, {
    workflowId: `floor-${randomUUID()}`,
    taskQueue: FLOOR_QUEUE,
  });
  for (const step of ['first', 'second']) {
    const { ms } = await timed(() => handle.executeUpdate(stepUpdate, { args: [step], updateId: step }));
    updates.push(ms);
  }
}
