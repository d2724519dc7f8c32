import { Temporal } from 'temporal-polyfill';
import { type Period, type PeriodCalendar, periodAt } from '../../budgets/rules/periods.ts';

/** A month of bills, named after the calendar month that it begins in. */
export interface BillingPeriod extends Period {
  /** Such as `2026-11`. */
  readonly name: string;
}

/** A part of a time that lies in one billing period. */
export interface PeriodPart extends Period {
  readonly period: BillingPeriod;
}

/** The billing period that a moment lies in, as monthly budgets are counted. */
export function billingPeriodAt(at: Date, calendar: PeriodCalendar): BillingPeriod {
  const { from, until } = periodAt(at, 'monthly', calendar);
  const firstDay = Temporal.Instant.fromEpochMilliseconds(from.getTime()).toZonedDateTimeISO(calendar.timezone);
  return { from, until, name: firstDay.toPlainDate().toPlainYearMonth().toString() };
}

/**
 * The billing period that begins in a calendar month. Each month has one: where the fiscal year begins on a day that a
 * month lacks, its last day stands in.
 * @param name such as `2026-11`
 */
export function billingPeriodNamed(name: string, calendar: PeriodCalendar): BillingPeriod {
  const month = Temporal.PlainYearMonth.from(name);
  const lastDay = month.toPlainDate({ day: month.daysInMonth });
  const noon = lastDay.toZonedDateTime({ timeZone: calendar.timezone, plainTime: '12:00' });
  return billingPeriodAt(new Date(noon.epochMilliseconds), calendar);
}

/** Cuts a time at the beginnings of billing periods, in their order. */
export function partsByPeriod(from: Date, until: Date, calendar: PeriodCalendar): PeriodPart[] {
  const parts: PeriodPart[] = [];
  for (let at = from; at < until;) {
    const period = billingPeriodAt(at, calendar);
    const end = period.until < until ? period.until : until;
    parts.push({ period, from: at, until: end });
    at = end;
  }
  return parts;
}
