import type { UsageReporting } from '../src/reports/usage-reporting.ts';
import type { UsageReportActivities } from '../workflows/contracts/usage-report.ts';
import { longRunning } from './long-running.ts';

/** Several fit into the workflow's heartbeat timeout. */
const HEARTBEAT_MS = 5_000;
/** It is mostly done in less than a second: a worker that stops finishes what it is at. */
const FINISHES = { isStopping: false };

/** What the workflow of a usage report has done in the database. */
export function usageReportActivities(reporting: UsageReporting): UsageReportActivities {
  return {
    sendUsageReport: ({ dueAt, ...plan }) =>
      longRunning(FINISHES, HEARTBEAT_MS, () => reporting.send(plan, new Date(dueAt))),
  };
}
