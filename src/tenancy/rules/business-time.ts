import { Temporal } from 'temporal-polyfill';
import type { Duration } from '../../platform/duration.ts';
import { assertCalendar, type Calendar, WEEKDAYS } from './calendar.ts';

export { assertCalendar, type Calendar, InvalidCalendarError, WEEKDAYS, type Weekday } from './calendar.ts';

// A year of single working days a week takes seven years. Whatever lies further away is a mistake, not a deadline.
const HORIZON_DAYS = 3_660;

/** Thrown when a calendar leaves so little working time that the end lies more than ten years away. */
export class CalendarTooSparseError extends Error {
  readonly code = 'calendar-too-sparse';

  constructor() {
    super(
      'The calendar leaves too little working time: give it more days or hours or fewer holidays, or use a shorter duration.',
    );
    this.name = 'CalendarTooSparseError';
  }
}

/** One day's working time, as moments in milliseconds since 1970; `closes` no longer belongs to it. */
interface Shift {
  readonly date: Temporal.PlainDate;
  readonly opens: number;
  readonly closes: number;
}

/**
 * The moment at which `duration` of working time has passed since `from`. Days come first and keep the time of day (two
 * days after Friday 15:00 is Tuesday 15:00); a beginning outside of working hours counts from the next opening. Hours,
 * minutes and seconds count working time only, and end at a closing time rather than at the next opening.
 * @throws InvalidCalendarError, CalendarTooSparseError
 */
export function addWorkingTime(from: Date, duration: Duration, calendar: Calendar): Date {
  assertCalendar(calendar);
  const start = nextWorkingMoment(from.getTime(), calendar);
  const afterDays = addWorkingDays(start, duration.days, calendar);
  return new Date(addWorkingMilliseconds(afterDays, duration.seconds * 1000, calendar));
}

/**
 * The working time between two moments, in milliseconds; 0 where `until` is not after `from`.
 * @throws InvalidCalendarError, CalendarTooSparseError (also where the moments lie more than ten years apart)
 */
export function workingTimeBetween(from: Date, until: Date, calendar: Calendar): number {
  assertCalendar(calendar);
  if (until <= from) return 0;
  let total = 0;
  for (const shift of shiftsFrom(dateAt(from.getTime(), calendar), calendar)) {
    if (shift.opens >= until.getTime()) return total;
    total += Math.max(0, Math.min(shift.closes, until.getTime()) - Math.max(shift.opens, from.getTime()));
    if (shift.closes >= until.getTime()) return total;
  }
  throw new CalendarTooSparseError();
}

function nextWorkingMoment(at: number, calendar: Calendar): number {
  for (const shift of shiftsFrom(dateAt(at, calendar), calendar)) {
    if (at < shift.closes) return Math.max(at, shift.opens);
  }
  throw new CalendarTooSparseError();
}

function addWorkingDays(start: number, days: number, calendar: Calendar): number {
  if (days === 0) return start;
  const { date, time } = localTime(start, calendar);
  let left = days;
  for (const shift of shiftsFrom(date.add({ days: 1 }), calendar)) {
    left -= 1;
    if (left > 0) continue;
    const sameTime = shift.date.toZonedDateTime({ timeZone: calendar.timezone, plainTime: time }).epochMilliseconds;
    // Where the clocks change within working hours, that time may not exist on this day.
    return Math.min(Math.max(sameTime, shift.opens), shift.closes);
  }
  throw new CalendarTooSparseError();
}

function addWorkingMilliseconds(start: number, length: number, calendar: Calendar): number {
  if (length === 0) return start;
  let left = length;
  for (const shift of shiftsFrom(dateAt(start, calendar), calendar)) {
    const begins = Math.max(start, shift.opens);
    const available = Math.max(0, shift.closes - begins);
    if (left <= available) return begins + left;
    left -= available;
  }
  throw new CalendarTooSparseError();
}

/** Every day that has working time, from `first` on, as far as the horizon. */
function* shiftsFrom(first: Temporal.PlainDate, calendar: Calendar): Generator<Shift> {
  const holidays = new Set(calendar.holidays);
  for (let day = 0; day < HORIZON_DAYS; day += 1) {
    const date = first.add({ days: day });
    const weekday = WEEKDAYS[date.dayOfWeek - 1];
    if (weekday === undefined || !calendar.days.includes(weekday) || holidays.has(date.toString())) continue;
    const shift = shiftOn(date, calendar);
    if (shift.opens < shift.closes) yield shift;
  }
}

function shiftOn(date: Temporal.PlainDate, { timezone, hours }: Calendar): Shift {
  const tomorrow = date.add({ days: 1 });
  const midnight = tomorrow.toZonedDateTime(timezone).epochMilliseconds;
  const at = (time: string) => date.toZonedDateTime({ timeZone: timezone, plainTime: time }).epochMilliseconds;
  // Zones have skipped whole days (Apia, 2011-12-30), and their hours must not be counted on the day after.
  return { date, opens: at(hours.from), closes: hours.to === '24:00' ? midnight : Math.min(at(hours.to), midnight) };
}

function dateAt(at: number, calendar: Calendar): Temporal.PlainDate {
  return localTime(at, calendar).date;
}

function localTime(at: number, { timezone }: Calendar): { date: Temporal.PlainDate; time: Temporal.PlainTime } {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
  return { date: local.toPlainDate(), time: local.toPlainTime() };
}
