import { Temporal } from 'temporal-polyfill';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When an organization works. Stored as data, so that a deadline can be counted again in the version it was set with. */
export interface Calendar {
  /** IANA name of the zone that days and hours are counted in. */
  readonly timezone: string;
  readonly days: readonly Weekday[];
  /** `HH:MM`, `from` before `to`; `to` may be `24:00`. */
  readonly hours: { readonly from: string; readonly to: string };
  /** `YYYY-MM-DD`: days on which nobody works, whatever weekday they are. */
  readonly holidays: readonly string[];
}

/** Thrown when a calendar cannot be counted in; says which part is wrong and what to write instead. */
export class InvalidCalendarError extends Error {
  readonly code = 'invalid-calendar';
  readonly part: keyof Calendar;

  constructor(part: keyof Calendar, message: string) {
    super(message);
    this.name = 'InvalidCalendarError';
    this.part = part;
  }
}

/**
 * Refuses a calendar that no working time can be counted in. Holidays may still cover every working day for years: that
 * shows only when something is counted (`CalendarTooSparseError`).
 * @throws InvalidCalendarError
 */
export function assertCalendar(calendar: Calendar): void {
  assertTimezone(calendar.timezone);
  assertDays(calendar.days);
  assertHours(calendar.hours);
  calendar.holidays.forEach(assertHoliday);
}

function assertTimezone(timezone: string): void {
  const wrong = 'Give the time zone by its IANA name, such as Europe/Berlin.';
  // Temporal would also take offsets and whole timestamps for a zone.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(timezone)) throw new InvalidCalendarError('timezone', wrong);
  refuseRangeError(() => Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone), 'timezone', wrong);
}

function assertDays(days: readonly Weekday[]): void {
  if (days.length === 0 || days.some((day) => !WEEKDAYS.includes(day))) {
    throw new InvalidCalendarError('days', `Name at least one working day, out of ${WEEKDAYS.join(', ')}.`);
  }
}

function assertHours({ from, to }: Calendar['hours']): void {
  const isTime = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
  if (!isTime.test(from) || !(isTime.test(to) || to === '24:00') || from >= to) {
    throw new InvalidCalendarError('hours', 'Give hours as HH:MM, the beginning before the end; the end may be 24:00.');
  }
}

function assertHoliday(holiday: string): void {
  const wrong = 'Give holidays as days that exist, such as 2026-12-25.';
  if (!/^\d{4}-\d{2}-\d{2}$/.test(holiday)) throw new InvalidCalendarError('holidays', wrong);
  refuseRangeError(() => Temporal.PlainDate.from(holiday), 'holidays', wrong);
}

function refuseRangeError(read: () => unknown, part: keyof Calendar, message: string): void {
  try {
    read();
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidCalendarError(part, message);
    throw error;
  }
}
