import { sleep } from '@temporalio/workflow';
import { usageReport as released } from '../../../workflows/usage-report.ts';
import type { UsageReportInput, UsageReportOutcome } from '../../../workflows/contracts/usage-report.ts';

/** What must not be done: the workflow waits a moment first, also where it is replayed and did not wait when it ran. */
export async function usageReport(input: UsageReportInput): Promise<UsageReportOutcome> {
  await sleep('1 second');
  return released(input);
}
