import { sleep } from '@temporalio/workflow';
import { usageReport as released } from '../../../workflows/usage-report.ts';
import type { UsageReportOutcome, UsageReportPlan } from '../../../workflows/contracts/usage-report.ts';

/** What must not be done: the workflow waits a moment first, also where it is replayed and did not wait when it ran. */
export async function usageReport(plan: UsageReportPlan): Promise<UsageReportOutcome> {
  await sleep('1 second');
  return released(plan);
}
