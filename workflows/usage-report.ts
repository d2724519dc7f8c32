import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { CATCH_UP_MS } from '../src/reports/rules.ts';
import type { UsageReportActivities, UsageReportOutcome, UsageReportPlan } from './contracts/usage-report.ts';

/** Set by Temporal on what a Schedule starts: the moment that was meant, however late it is by now. */
const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');
/** A report that is begun at the last moment is tried for as long all the same. */
const AT_LEAST_MS = 3_600_000;

/** Has one team's usage of one period reported. @throws ActivityFailure where it could not be done until it was too late */
export async function usageReport(plan: UsageReportPlan): Promise<UsageReportOutcome> {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const dueAt = (typedSearchAttributes.get(SCHEDULED_AT) ?? startTime).getTime();
  return reportingUntil(dueAt + CATCH_UP_MS).sendUsageReport({ ...plan, dueAt });
}

/**
 * Retried for long: the database may be away for a minute or a day, and a report is wanted late rather than never. Not for ever:
 * the team's later reports wait for this one.
 */
function reportingUntil(latest: number): UsageReportActivities {
  return proxyActivities<UsageReportActivities>({
    // It reads in some twenty steps, and the database gives each of them half a minute.
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '20 seconds',
    scheduleToCloseTimeout: Math.max(AT_LEAST_MS, latest - Date.now()),
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  });
}
