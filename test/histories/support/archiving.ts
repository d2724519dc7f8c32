import { pino } from 'pino';
import { bundleWorkflows, WorkflowWorker } from '../../../src/platform/temporal/workflow-worker.ts';
import {
  AUDIT_ARCHIVING,
  type AuditArchivingActivities,
  auditArchivingWorkflowId,
} from '../../../workflows/contracts/audit-archiving.ts';
import { until } from '../../support/api-caller.ts';
import type { RealWorld } from '../../workflows/support/real-world.ts';

/**
 * A life of the workflow that archives: a look whose activity fails once and is done again, hours of waiting, of which only
 * the beginning is lived through here, and its end from outside. @returns the workflow's id
 */
export async function archiveOnceAndWait({ product }: RealWorld): Promise<string> {
  const { surroundings, config, master, temporal } = product.core;
  let attempts = 0;
  const activities: AuditArchivingActivities = {
    archiveDue: async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('the first attempt fails');
      return { months: ['2026-01'] };
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
  const workflowId = auditArchivingWorkflowId('recorded');
  const handle = await temporal.client.workflow.start(AUDIT_ARCHIVING, {
    workflowId,
    taskQueue: config.temporal.taskQueue,
    args: [],
  });
  const waits = async () =>
    ((await handle.fetchHistory()).events ?? []).some((event) => event.timerStartedEventAttributes);
  await until(waits, 'the workflow waits for its next look');
  await handle.cancel();
  await until(async () => (await handle.describe()).status.name === 'CANCELLED', 'the workflow ends');
  await worker.stop();
  return workflowId;
}
