/**
 * A program of its own, `node worker.ts ADDRESS NAMESPACE`: carries out the floor's workflow until it is told to end.
 */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { FLOOR_QUEUE } from './queue.ts';

const [address, namespace] = process.argv.slice(2);
if (address === undefined || namespace === undefined) throw new Error('usage: worker.ts ADDRESS NAMESPACE');

Runtime.install({ shutdownSignals: ['SIGTERM', 'SIGINT'] });
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: FLOOR_QUEUE,
  workflowsPath: fileURLToPath(new URL('./workflow.ts', import.meta.url)),
});
await worker.run();
await connection.close();
