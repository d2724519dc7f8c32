import type { UsageReporting } from '../src/reports/usage-reporting.ts';
import type { UsageReportActivities } from '../workflows/contracts/usage-report.ts';

/** What the workflow of a usage report has done in the database. */
export function usageReportActivities(reporting: UsageReporting): UsageReportActivities {
  return { sendUsageReport: ({ dueAt, ...plan }) => reporting.send(plan, new Date(dueAt)) };
}
