import { type Calendar, CalendarTooSparseError } from '../../tenancy/rules/business-time.ts';
import { calendarOf, momentAfter, UnknownCalendarError } from './deadlines.ts';
import type { StageState } from './model.ts';
import type { Problem } from './problems.ts';

/**
 * What is wrong with a stage's times if it opened at `at`: an unknown calendar or one without enough working time, a
 * consequence of a timeout without a timeout, a reminder that would come too late.
 * @throws InvalidDurationError where a duration was not checked at the edge
 */
export function timingProblems(
  { index, rule }: StageState,
  at: Date,
  calendars: ReadonlyMap<string, Calendar>,
): readonly Problem[] {
  try {
    const calendar = calendarOf(rule, calendars);
    const unreachable = rule.timeout === null && rule.onTimeout !== 'reject';
    return [
      ...(unreachable ? [{ code: 'timeout-missing', stage: index } as const] : []),
      ...lateReminders(index, rule.reminders, rule.timeout, at, calendar),
    ];
  } catch (error) {
    if (error instanceof UnknownCalendarError || error instanceof CalendarTooSparseError)
      return [{ code: error.code, stage: index }];
    throw error;
  }
}

function lateReminders(
  stage: number,
  reminders: readonly string[],
  timeout: string | null,
  at: Date,
  calendar: Calendar | null,
): readonly Problem[] {
  const deadline = timeout === null ? null : momentAfter(timeout, at, calendar);
  return reminders
    .filter((reminder) => {
      const moment = momentAfter(reminder, at, calendar);
      return deadline !== null && moment >= deadline;
    })
    .map((reminder) => ({ code: 'reminder-too-late', stage, reminder }));
}
