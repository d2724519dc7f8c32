import { patched, sleep } from '@temporalio/workflow';
import { auditExport as released } from '../../../workflows/audit-export.ts';
import type { AuditExportInput } from '../../../workflows/contracts/audit-export.ts';

/** The same change as the incompatible one, as it has to be done: workflows that are under way go on as they began. */
export async function auditExport(input: AuditExportInput): Promise<void> {
  if (patched('wait-a-moment')) await sleep('1 second');
  await released(input);
}
