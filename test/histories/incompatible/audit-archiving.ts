import { sleep } from '@temporalio/workflow';
import { auditArchiving as released } from '../../../workflows/audit-archiving.ts';

/** What must not be done: the workflow waits a moment first, also where it is replayed and did not wait when it ran. */
export async function auditArchiving(): Promise<void> {
  await sleep('1 second');
  await released();
}
