import { ReportSchedules } from '../reports/report-schedules.ts';
import { ReportScheduleHandler } from '../reports/schedule-handler.ts';
import { ScheduleKeeper } from '../reports/schedule-keeper.ts';
import { ScheduleUpkeep } from '../reports/schedule-upkeep.ts';
import { UsageReporting } from '../reports/usage-reporting.ts';
import type { Core } from './core.ts';

/** What makes usage reports, and sees to it that Temporal has them made. */
export function composeReports({ surroundings, config, logger, clock, metrics, work, temporal, people }: Core) {
  const schedules = new ReportSchedules(temporal, config.temporal.taskQueue);
  const upkeep = new ScheduleUpkeep({ work, schedules, clock });
  return {
    reporting: new UsageReporting({ work, people, logger, onOutcome: metrics.usageReported }),
    handler: new ReportScheduleHandler(upkeep),
    keeper: new ScheduleKeeper({ databaseUrl: surroundings.databaseUrl, upkeep, logger }),
  };
}
