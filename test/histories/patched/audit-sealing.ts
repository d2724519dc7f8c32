import { patched, sleep } from '@temporalio/workflow';
import { auditSealing as released } from '../../../workflows/audit-sealing.ts';
import type { AuditSealingInput } from '../../../workflows/contracts/audit-sealing.ts';

/** The same change as the incompatible one, as it has to be done: workflows that are under way go on as they began. */
export async function auditSealing(input: AuditSealingInput): Promise<void> {
  if (patched('wait-a-moment')) await sleep('1 second');
  await released(input);
}
