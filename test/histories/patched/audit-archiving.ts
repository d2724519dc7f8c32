import { patched, sleep } from '@temporalio/workflow';
import { auditArchiving as released } from '../../../workflows/audit-archiving.ts';

/** The same change as the incompatible one, as it has to be done: workflows that are under way go on as they began. */
export async function auditArchiving(): Promise<void> {
  if (patched('wait-a-moment')) await sleep('1 second');
  await released();
}
