import { sleep } from '@temporalio/workflow';
import { auditSealing as released } from '../../../workflows/audit-sealing.ts';
import type { AuditSealingInput } from '../../../workflows/contracts/audit-sealing.ts';

/** What must not be done: the workflow waits a moment first, also where it is replayed and did not wait when it ran. */
export async function auditSealing(input: AuditSealingInput): Promise<void> {
  await sleep('1 second');
  await released(input);
}
