import { addDuration, parseDuration } from '../../platform/duration.ts';
import { addWorkingTime, type Calendar } from '../../tenancy/rules/business-time.ts';
import type { StageRule } from './model.ts';

/** Thrown when a stage counts in a calendar that was not handed in: counting plain time instead would be silently wrong. */
export class UnknownCalendarError extends Error {
  readonly code = 'unknown-calendar';

  constructor() {
    super('The stage counts its times in a calendar that is not there. Hand in every calendar that the chain names.');
    this.name = 'UnknownCalendarError';
  }
}

/** The calendar that a stage counts in; null where it counts plain time. @throws UnknownCalendarError */
export function calendarOf(rule: StageRule, calendars: ReadonlyMap<string, Calendar>): Calendar | null {
  if (rule.calendar === null) return null;
  const calendar = calendars.get(rule.calendar);
  if (calendar === undefined) throw new UnknownCalendarError();
  return calendar;
}

/**
 * When the time of a stage that opens at `openedAt` runs out; null where it has no timeout.
 * @throws InvalidDurationError, InvalidCalendarError, CalendarTooSparseError
 */
export function stageDeadline(rule: StageRule, openedAt: Date, calendar: Calendar | null): Date | null {
  return rule.timeout === null ? null : momentAfter(rule.timeout, openedAt, calendar);
}

/**
 * When those who have not answered are reminded, earliest first and each moment once. Reminders that would not come
 * before the deadline are left out.
 * @throws InvalidDurationError, InvalidCalendarError, CalendarTooSparseError
 */
export function reminderTimes(rule: StageRule, openedAt: Date, calendar: Calendar | null): readonly Date[] {
  const deadline = stageDeadline(rule, openedAt, calendar)?.getTime() ?? Infinity;
  const moments = rule.reminders.map((reminder) => momentAfter(reminder, openedAt, calendar).getTime());
  return [...new Set(moments)]
    .filter((moment) => moment < deadline)
    .toSorted((a, b) => a - b)
    .map((moment) => new Date(moment));
}

/** The moment `duration` (ISO 8601) after `from`, in working time where there is a calendar. */
export function momentAfter(duration: string, from: Date, calendar: Calendar | null): Date {
  const parsed = parseDuration(duration);
  return calendar === null ? addDuration(from, parsed) : addWorkingTime(from, parsed, calendar);
}
