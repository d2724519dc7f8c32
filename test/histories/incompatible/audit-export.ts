import { sleep } from '@temporalio/workflow';
import { auditExport as released } from '../../../workflows/audit-export.ts';
import type { AuditExportInput } from '../../../workflows/contracts/audit-export.ts';

/** What must not be done: the workflow waits a moment first, also where it is replayed and did not wait when it ran. */
export async function auditExport(input: AuditExportInput): Promise<void> {
  await sleep('1 second');
  await released(input);
}
