import { Temporal } from 'temporal-polyfill';
import { type Period, periodAt, type PeriodCalendar } from '../../budgets/rules/periods.ts';

/** How often a team's usage is reported. */
export const REPORT_FREQUENCIES = ['weekly', 'monthly'] as const;
export type ReportFrequency = (typeof REPORT_FREQUENCIES)[number];

/** A report that is late by more than this is not made up for. A month's is due again by then. */
export const CATCH_UP_MS = 35 * 86_400_000;

/** The hour of the first day of a period at which the one before it is reported, by the clocks of its time zone. */
export const REPORT_HOUR = 7;

/** What a report is about, with its first and last day (included) as the zone's calendar has them, such as `2026-11-16`. */
export interface ReportPeriod extends Period {
  readonly firstDay: string;
  readonly lastDay: string;
}

/**
 * The last period that was over at a moment. Weeks begin on Monday (ISO 8601); months as those of budgets do, on the day of
 * the month that the fiscal year begins on.
 */
export function reportPeriod(at: Date, frequency: ReportFrequency, calendar: PeriodCalendar): ReportPeriod {
  return periodBefore(periodAt(at, frequency, calendar), frequency, calendar);
}

/** The period that ends where this one begins. */
export function periodBefore(period: Period, frequency: ReportFrequency, calendar: PeriodCalendar): ReportPeriod {
  return withDays(periodAt(new Date(period.from.getTime() - 1), frequency, calendar), calendar);
}

/** The moments at which reports are due, oldest first. @param after excluded; @param until included */
export function duesBetween(after: Date, until: Date, frequency: ReportFrequency, calendar: PeriodCalendar): Date[] {
  const dues: Date[] = [];
  let period = periodAt(until, frequency, calendar);
  for (let due = dueIn(period, calendar); due > after; due = dueIn(period, calendar)) {
    if (due <= until) dues.unshift(due);
    period = periodAt(new Date(period.from.getTime() - 1), frequency, calendar);
  }
  return dues;
}

/** The first moment after this one at which a report is due. */
export function nextDue(after: Date, frequency: ReportFrequency, calendar: PeriodCalendar): Date {
  const period = periodAt(after, frequency, calendar);
  const due = dueIn(period, calendar);
  return due > after ? due : dueIn(periodAt(period.until, frequency, calendar), calendar);
}

/** When, within a period, the one before it is reported. */
function dueIn(period: Period, { timezone }: PeriodCalendar): Date {
  const plainTime = Temporal.PlainTime.from({ hour: REPORT_HOUR });
  return new Date(dayOf(period.from, timezone).toZonedDateTime({ timeZone: timezone, plainTime }).epochMilliseconds);
}

function withDays({ from, until }: Period, { timezone }: PeriodCalendar): ReportPeriod {
  const lastMoment = new Date(until.getTime() - 1);
  return { from, until, firstDay: dayOf(from, timezone).toString(), lastDay: dayOf(lastMoment, timezone).toString() };
}

function dayOf(at: Date, timezone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timezone).toPlainDate();
}
