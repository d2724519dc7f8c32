import { type Calendar, CalendarTooSparseError, InvalidCalendarError } from '../../tenancy/rules/business-time.ts';
import { calendarOf, momentAfter, stageDeadline, UnknownCalendarError } from './deadlines.ts';
import type { StageState } from './model.ts';
import type { Problem } from './problems.ts';

/** The times of a stage, as far as they can be counted, and why some of them cannot. */
export interface StageTimes {
  /** Null also where the calendar gives none: the stage then stays open until somebody does something. */
  readonly deadlineAt: Date | null;
  /** Earliest first, each moment once, all before the deadline. */
  readonly remindAt: readonly Date[];
  readonly problems: readonly Problem[];
}

type CalendarProblem = 'calendar-too-sparse' | 'unknown-calendar';

/**
 * Counts the times of a stage from `at`. A calendar can be changed after it was accepted; thrown from here, what is wrong
 * with it would fail again at every attempt and keep the whole request, a withdrawal included, from going on.
 * @throws InvalidDurationError where a duration was not checked at the edge
 */
export function stageTimes(
  { index, rule }: Pick<StageState, 'index' | 'rule'>,
  at: Date,
  calendars: ReadonlyMap<string, Calendar>,
): StageTimes {
  const deadline = attempt(() => stageDeadline(rule, at, calendarOf(rule, calendars)));
  const reminders = rule.reminders.map((reminder) =>
    attempt(() => momentAfter(reminder, at, calendarOf(rule, calendars))),
  );
  const deadlineAt = deadline instanceof Date ? deadline : null;
  const moments = reminders.filter((reminder) => reminder instanceof Date);
  // A reminder that cannot be counted although the deadline can would come after it, and is not missed.
  const failed =
    deadlineAt === null ? [deadline, ...reminders].find((result) => typeof result === 'string') : undefined;
  return {
    deadlineAt,
    remindAt: inOrder(moments, deadlineAt),
    problems: failed === undefined ? [] : [{ code: failed, stage: index }],
  };
}

function attempt<Result>(count: () => Result): Result | CalendarProblem {
  try {
    return count();
  } catch (error) {
    if (error instanceof CalendarTooSparseError) return error.code;
    // A stored calendar that is no longer understood is as good as none.
    if (error instanceof UnknownCalendarError || error instanceof InvalidCalendarError) return 'unknown-calendar';
    throw error;
  }
}

function inOrder(moments: readonly Date[], deadlineAt: Date | null): readonly Date[] {
  const before = moments
    .map((moment) => moment.getTime())
    .filter((moment) => moment < (deadlineAt?.getTime() ?? Infinity));
  return [...new Set(before)].toSorted((a, b) => a - b).map((moment) => new Date(moment));
}
