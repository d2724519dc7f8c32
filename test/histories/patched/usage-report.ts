import { patched, sleep } from '@temporalio/workflow';
import { usageReport as released } from '../../../workflows/usage-report.ts';
import type { UsageReportOutcome, UsageReportPlan } from '../../../workflows/contracts/usage-report.ts';

/** The same change as the incompatible one, as it has to be done: workflows that are under way go on as they began. */
export async function usageReport(plan: UsageReportPlan): Promise<UsageReportOutcome> {
  if (patched('wait-a-moment')) await sleep('1 second');
  return released(plan);
}
