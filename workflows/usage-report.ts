import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { UsageReportActivities, UsageReportInput, UsageReportOutcome } from './contracts/usage-report.ts';

/** Retried for ever: the database may be away for a minute or a day, and a report is wanted late rather than never. */
const { sendUsageReport } = proxyActivities<UsageReportActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
});

/** Set by Temporal on what a Schedule starts: the moment that was meant, however late it is by now. */
const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

/** Has one team's usage of one period reported. */
export async function usageReport({ dueAt, ...plan }: UsageReportInput): Promise<UsageReportOutcome> {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const due = dueAt ?? (typedSearchAttributes.get(SCHEDULED_AT) ?? startTime).getTime();
  return sendUsageReport({ ...plan, dueAt: due });
}
