import { pino } from 'pino';
import { bundleWorkflows, WorkflowWorker } from '../../../src/platform/temporal/workflow-worker.ts';
import { workflowBundle } from '../../support/workflow-bundle.ts';
import type { Product } from '../../workflows/support/product.ts';

/** A worker with the product's workflows and these activities. @returns what stops it */
export async function startActivities(
  { core }: Product,
  taskQueue: string,
  activities: object,
): Promise<() => Promise<void>> {
  const worker = await WorkflowWorker.start({
    address: core.surroundings.temporalAddress,
    namespace: core.config.temporal.namespace,
    taskQueue,
    payloadKey: core.master.payloads,
    activities,
    bundle: workflowBundle() ?? (await bundleWorkflows(pino({ level: 'silent' }), [])),
  });
  return () => worker.stop();
}
