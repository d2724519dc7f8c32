import { pino } from 'pino';
import { bundleWorkflows, WorkflowWorker } from '../../../src/platform/temporal/workflow-worker.ts';
import {
  AUDIT_SEALING,
  type AuditSealingActivities,
  auditSealingWorkflowId,
} from '../../../workflows/contracts/audit-sealing.ts';
import type { RealWorld } from '../../workflows/support/real-world.ts';

const TURNS = 2;

/**
 * A life of the workflow that seals: a turn, a new run, and another turn, after which its shard is retired. The activity
 * takes no time here; what it does leaves no trace in a history. @returns the workflow's id
 */
export async function sealForTwoTurns({ product }: RealWorld): Promise<string> {
  const { surroundings, config, master, temporal } = product.core;
  let turns = 0;
  const activities: AuditSealingActivities = { sealShard: async () => ({ retired: ++turns === TURNS }) };
  const worker = await WorkflowWorker.start({
    address: surroundings.temporalAddress,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    payloadKey: master.payloads,
    activities,
    bundle: await bundleWorkflows(pino({ level: 'silent' }), []),
  });
  const workflowId = auditSealingWorkflowId('recorded', 0);
  await temporal.client.workflow.execute(AUDIT_SEALING, {
    workflowId,
    taskQueue: config.temporal.taskQueue,
    args: [{ shard: 0 }],
  });
  await worker.stop();
  return workflowId;
}
