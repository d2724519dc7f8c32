import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { AuditSealingActivities, AuditSealingInput } from './contracts/audit-sealing.ts';

/** A worker that was killed is missed after the heartbeat's time, and another one goes on. Retried for ever. */
const { sealShard } = proxyActivities<AuditSealingActivities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '6 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Keeps one shard of the audit log sealed, for ever: sees to it that there is always one worker that does. */
export async function auditSealing(input: AuditSealingInput): Promise<void> {
  const { retired } = await sealShard(input);
  if (!retired) await continueAsNew<typeof auditSealing>(input);
}
