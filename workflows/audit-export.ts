import { proxyActivities } from '@temporalio/workflow';
import type { AuditExportActivities, AuditExportInput } from './contracts/audit-export.ts';

/** A worker that was killed is missed after the heartbeat's time, and another one begins again. Retried for ever. */
const { makeExport } = proxyActivities<AuditExportActivities>({
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

/** Has one bundle made for an auditor. */
export async function auditExport(input: AuditExportInput): Promise<void> {
  await makeExport(input);
}
