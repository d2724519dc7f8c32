import { newId } from '../../../src/platform/ids.ts';
import { ReportSchedules } from '../../../src/reports/report-schedules.ts';
import {
  type UsageReportActivities,
  type UsageReportPlan,
  usageReportScheduleId,
} from '../../../workflows/contracts/usage-report.ts';
import { startActivities } from '../../reports/support/activities.ts';
import { until } from '../../support/api-caller.ts';
import type { RealWorld } from '../../workflows/support/real-world.ts';

/** A life of the workflow of a usage report, started by its Schedule, whose activity fails once. @returns the workflow's id */
export async function reportWithOneFailure({ product }: RealWorld): Promise<string> {
  const { config, temporal } = product.core;
  let attempts = 0;
  const activities: UsageReportActivities = {
    sendUsageReport: async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('the first attempt fails');
      return 'sent';
    },
  };
  const stop = await startActivities(product, config.temporal.taskQueue, activities);
  const plan: UsageReportPlan = {
    organization: newId(),
    team: newId(),
    frequency: 'weekly',
    timezone: 'Europe/Berlin',
    fiscalYearStart: '01-01',
  };
  const schedules = new ReportSchedules(temporal, config.temporal.taskQueue);
  await schedules.put(plan, new Date());
  const schedule = temporal.client.schedule.getHandle(usageReportScheduleId(plan.team));
  await schedule.trigger();
  const started = await until(async () => (await schedule.describe()).info.recentActions[0], 'the workflow is started');
  const { workflowId } = started.action.workflow;
  await temporal.client.workflow.getHandle(workflowId).result();
  await stop();
  await schedules.remove(plan.team);
  return workflowId;
}
