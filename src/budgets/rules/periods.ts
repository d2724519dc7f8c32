import { Temporal } from 'temporal-polyfill';
import type { PeriodKind } from './model.ts';

/** One period: `from` belongs to it, `until` to the next one. */
export interface Period {
  readonly from: Date;
  readonly until: Date;
}

export interface PeriodCalendar {
  /** IANA name of the zone that days begin in. */
  readonly timezone: string;
  /** First day of the fiscal year, `MM-DD`: months and quarters are counted from it. */
  readonly fiscalYearStart: string;
}

/**
 * The period of a budget that a moment lies in. Days begin when the zone's clocks say so, also where they are changed at
 * midnight; weeks begin on Monday (ISO 8601). Months begin on the day of the month that the fiscal year begins on, or on the
 * last day of a shorter month; quarters are three such months.
 */
export function periodAt(at: Date, kind: PeriodKind, { timezone, fiscalYearStart }: PeriodCalendar): Period {
  const today = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timezone).toPlainDate();
  const { first, next } = datesOf(today, kind, fiscalYearStart);
  return { from: beginningOf(first, timezone), until: beginningOf(next, timezone) };
}

function datesOf(
  today: Temporal.PlainDate,
  kind: PeriodKind,
  fiscalYearStart: string,
): { first: Temporal.PlainDate; next: Temporal.PlainDate } {
  switch (kind) {
    case 'daily':
      return { first: today, next: today.add({ days: 1 }) };
    case 'weekly': {
      const monday = today.subtract({ days: today.dayOfWeek - 1 });
      return { first: monday, next: monday.add({ days: 7 }) };
    }
    case 'monthly':
      return fiscalMonths(today, fiscalYearStart, 1);
    case 'quarterly':
      return fiscalMonths(today, fiscalYearStart, 3);
  }
}

/** Always counted from the start of the fiscal year: adding months to a 28 February would lose the 31st for good. */
function fiscalMonths(
  today: Temporal.PlainDate,
  fiscalYearStart: string,
  length: number,
): { first: Temporal.PlainDate; next: Temporal.PlainDate } {
  const day = Temporal.PlainMonthDay.from(fiscalYearStart);
  const thisYear = day.toPlainDate({ year: today.year });
  const yearStart =
    Temporal.PlainDate.compare(today, thisYear) < 0 ? day.toPlainDate({ year: today.year - 1 }) : thisYear;
  // A year that begins on 29 February begins on the 28th in most years: the day is taken anew from the wanted one.
  const anchor = anchorOf(yearStart, day);
  let months = Math.floor(monthsBetween(anchor, today) / length) * length;
  if (Temporal.PlainDate.compare(anchor.add({ months: months + length }), today) <= 0) months += length;
  if (Temporal.PlainDate.compare(anchor.add({ months }), today) > 0) months -= length;
  return { first: anchor.add({ months }), next: anchor.add({ months: months + length }) };
}

/** A date some years before, in a leap year, that has the wanted day: from there every month can be counted. */
function anchorOf(yearStart: Temporal.PlainDate, day: Temporal.PlainMonthDay): Temporal.PlainDate {
  const leapYear = yearStart.year - (((yearStart.year % 4) + 4) % 4) - 4;
  const year = leapYear % 100 === 0 && leapYear % 400 !== 0 ? leapYear - 4 : leapYear;
  return day.toPlainDate({ year });
}

function monthsBetween(from: Temporal.PlainDate, to: Temporal.PlainDate): number {
  return (to.year - from.year) * 12 + to.month - from.month;
}

function beginningOf(date: Temporal.PlainDate, timezone: string): Date {
  return new Date(date.toZonedDateTime(timezone).epochMilliseconds);
}
