import { REPORT_HOUR, type ReportFrequency } from './periods.ts';

type ShortMonth = 'FEBRUARY' | 'APRIL' | 'JUNE' | 'SEPTEMBER' | 'NOVEMBER';

/** Times that match in all that is given, as Temporal's calendars of a Schedule do; minute and second are 0. */
export interface MatchingTimes {
  hour: number;
  dayOfWeek?: 'MONDAY';
  dayOfMonth?: number;
  month?: ShortMonth[];
  year?: { start: number; end: number; step: number };
}

/** Every time that one of `calendars` matches and none of `skip`. */
export interface ScheduleTimes {
  calendars: MatchingTimes[];
  skip: MatchingTimes[];
}

const hour = REPORT_HOUR;
const OF_THIRTY_DAYS: ShortMonth[] = ['APRIL', 'JUNE', 'SEPTEMBER', 'NOVEMBER'];
/** Temporal's calendars end with the year 2100, which is no leap year. */
const LEAP_YEARS = { start: 2000, end: 2096, step: 4 };

/**
 * The times at which `duesBetween` says that reports are due, for a Schedule in the same time zone.
 * @param fiscalYearStart `MM-DD`: months begin on its day, or on the last day of a shorter month
 */
export function scheduleTimes(frequency: ReportFrequency, fiscalYearStart: string): ScheduleTimes {
  if (frequency === 'weekly') return { calendars: [{ hour, dayOfWeek: 'MONDAY' }], skip: [] };
  const dayOfMonth = Number(fiscalYearStart.slice(3));
  if (dayOfMonth <= 28) return { calendars: [{ hour, dayOfMonth }], skip: [] };
  return {
    calendars: [
      { hour, dayOfMonth },
      ...(dayOfMonth === 31 ? [{ hour, dayOfMonth: 30, month: OF_THIRTY_DAYS }] : []),
      ...(dayOfMonth > 29 ? [{ hour, dayOfMonth: 29, month: ['FEBRUARY'] satisfies ShortMonth[] }] : []),
      { hour, dayOfMonth: 28, month: ['FEBRUARY'] },
    ],
    skip: [{ hour, dayOfMonth: 28, month: ['FEBRUARY'], year: LEAP_YEARS }],
  };
}
