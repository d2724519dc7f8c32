import type { ReportFrequency } from '../../src/reports/rules/periods.ts';

/** Opaque ids, codes and moments only: who gets a report, and what it says, is read where it is made. */

export const USAGE_REPORT = 'usageReport';

/** The id of a team's Schedule, and of its workflows up to the moment that Temporal adds: the same for every attempt to make it. */
export function usageReportScheduleId(team: string): string {
  return `usage-report-${team}`;
}

/** What a report is made by. The calendar is that of the Schedule, so that its times and the period cannot disagree. */
export interface UsageReportPlan {
  readonly organization: string;
  readonly team: string;
  readonly frequency: ReportFrequency;
  /** IANA name of the zone that days begin in. */
  readonly timezone: string;
  /** `MM-DD`: months are counted from it. */
  readonly fiscalYearStart: string;
}

export interface SendUsageReportInput extends UsageReportPlan {
  /** Milliseconds since 1970: the last period that was over by then is reported. */
  readonly dueAt: number;
}

/** `not-wanted`: by now, nobody is to get it, or it is to come at another frequency. */
export type UsageReportOutcome = 'sent' | 'already-sent' | 'not-wanted';

export interface UsageReportActivities {
  /** Reads the figures and has the mails sent, with their audit entry, in one transaction; once per team and period, however often it runs. */
  sendUsageReport(input: SendUsageReportInput): Promise<UsageReportOutcome>;
}
