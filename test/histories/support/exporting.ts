import { pino } from 'pino';
import { newId } from '../../../src/platform/ids.ts';
import { bundleWorkflows, WorkflowWorker } from '../../../src/platform/temporal/workflow-worker.ts';
import {
  AUDIT_EXPORT,
  type AuditExportActivities,
  auditExportWorkflowId,
} from '../../../workflows/contracts/audit-export.ts';
import type { RealWorld } from '../../workflows/support/real-world.ts';

/** A life of the workflow of an export, whose activity fails once and is done again. @returns the workflow's id */
export async function exportWithOneFailure({ product }: RealWorld): Promise<string> {
  const { surroundings, config, master, temporal } = product.core;
  let attempts = 0;
  const activities: AuditExportActivities = {
    makeExport: async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('the first attempt fails');
    },
  };
  const worker = await WorkflowWorker.start({
    address: surroundings.temporalAddress,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    payloadKey: master.payloads,
    activities,
    bundle: await bundleWorkflows(pino({ level: 'silent' }), []),
  });
  const input = { organization: newId(), export: newId() };
  const workflowId = auditExportWorkflowId(input.export);
  await temporal.client.workflow.execute(AUDIT_EXPORT, {
    workflowId,
    taskQueue: config.temporal.taskQueue,
    args: [input],
  });
  await worker.stop();
  return workflowId;
}
