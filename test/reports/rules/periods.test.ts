import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { periodAt } from '../../../src/budgets/rules.ts';
import {
  duesBetween,
  nextDue,
  periodBefore,
  REPORT_FREQUENCIES,
  type ReportFrequency,
  reportPeriod,
} from '../../../src/reports/rules.ts';
import { type MatchingTimes, scheduleTimes } from '../../../src/reports/rules/schedule-times.ts';

const DAY_MS = 86_400_000;
const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'America/Havana',
  'Pacific/Auckland',
);
const fiscalStarts = fc.constantFrom('01-01', '04-06', '10-01', '02-29', '12-28', '06-29', '11-30', '01-31', '07-31');
const calendars = fc.record({ timezone: zones, fiscalYearStart: fiscalStarts });
const frequencies = fc.constantFrom(...REPORT_FREQUENCIES);
const moments = fc.date({ min: new Date('2005-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });

describe('the period of a report', () => {
  test.each<[string, ReportFrequency, string, string, [string, string], [string, string]]>([
    // Clocks go back on 25 October: the week has an hour more.
    [
      '2026-10-26T06:00:00Z',
      'weekly',
      'Europe/Berlin',
      '01-01',
      ['2026-10-19', '2026-10-25'],
      ['2026-10-18T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ],
    // Monday morning in Auckland is Sunday in UTC.
    [
      '2026-11-22T18:00:00Z',
      'weekly',
      'Pacific/Auckland',
      '01-01',
      ['2026-11-16', '2026-11-22'],
      ['2026-11-15T11:00:00.000Z', '2026-11-22T11:00:00.000Z'],
    ],
    [
      '2026-12-01T07:00:00Z',
      'monthly',
      'UTC',
      '01-01',
      ['2026-11-01', '2026-11-30'],
      ['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ],
    // Months begin with the fiscal year's, on the last day of a shorter one.
    [
      '2027-03-31T07:00:00Z',
      'monthly',
      'UTC',
      '01-31',
      ['2027-02-28', '2027-03-30'],
      ['2027-02-28T00:00:00.000Z', '2027-03-31T00:00:00.000Z'],
    ],
    [
      '2026-11-06T07:00:00Z',
      'monthly',
      'UTC',
      '04-06',
      ['2026-10-06', '2026-11-05'],
      ['2026-10-06T00:00:00.000Z', '2026-11-06T00:00:00.000Z'],
    ],
  ])(
    'that is due at %s, %s in %s with a year from %s',
    (at, frequency, timezone, fiscalYearStart, days, [from, until]) => {
      const period = reportPeriod(new Date(at), frequency, { timezone, fiscalYearStart });
      expect([period.firstDay, period.lastDay]).toEqual(days);
      expect([period.from.toISOString(), period.until.toISOString()]).toEqual([from, until]);
    },
  );

  test('is over when it is reported, is the same at whatever moment until the next one is over, and follows the one before it', () => {
    fc.assert(
      fc.property(moments, frequencies, calendars, (at, frequency, calendar) => {
        const period = reportPeriod(at, frequency, calendar);
        const current = periodAt(at, frequency, calendar);
        expect(period.until).toEqual(current.from);
        for (const within of [current.from, new Date(current.until.getTime() - 1)])
          expect(reportPeriod(within, frequency, calendar)).toEqual(period);
        const before = periodBefore(period, frequency, calendar);
        expect(before.until).toEqual(period.from);
        expect(Temporal.PlainDate.from(before.lastDay).add({ days: 1 }).toString()).toBe(period.firstDay);
      }),
    );
  });
});

describe('the moments at which reports are due', () => {
  test('are seven in the morning of the first day, one in each period', () => {
    fc.assert(
      fc.property(
        moments,
        fc.integer({ min: 0, max: 400 }),
        frequencies,
        calendars,
        (after, days, frequency, calendar) => {
          const until = new Date(after.getTime() + days * DAY_MS);
          const dues = duesBetween(after, until, frequency, calendar);
          const firstDays = dues.map((due) => {
            const local = Temporal.Instant.fromEpochMilliseconds(due.getTime()).toZonedDateTimeISO(calendar.timezone);
            expect([local.hour, local.minute, local.second]).toEqual([7, 0, 0]);
            const { lastDay, firstDay } = reportPeriod(due, frequency, calendar);
            expect(Temporal.PlainDate.from(lastDay).add({ days: 1 }).toString()).toBe(local.toPlainDate().toString());
            return firstDay;
          });
          expect(dues).toEqual(dues.toSorted((a, b) => a.getTime() - b.getTime()));
          expect(new Set(firstDays).size).toBe(dues.length);
          for (const due of dues) expect(due > after && due <= until).toBe(true);
          expect(nextDue(until, frequency, calendar) > until).toBe(true);
          expect(duesBetween(until, nextDue(until, frequency, calendar), frequency, calendar)).toHaveLength(1);
        },
      ),
    );
  });

  test('are those that the times of the Schedule match, and no others', () => {
    fc.assert(
      fc.property(moments, frequencies, calendars, (from, frequency, calendar) => {
        const until = new Date(from.getTime() + 800 * DAY_MS);
        const times = scheduleTimes(frequency, calendar.fiscalYearStart);
        expect(matches(times, from, until, calendar.timezone)).toEqual(
          duesBetween(from, until, frequency, calendar).map((due) => due.toISOString()),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('are right in every year that Temporal’s calendars know, whatever day months begin on', () => {
    const [from, until] = [new Date('2000-03-01T00:00:00Z'), new Date('2100-12-01T00:00:00Z')];
    for (const fiscalYearStart of ['02-29', '01-30', '05-31']) {
      const calendar = { timezone: 'UTC', fiscalYearStart };
      expect(matches(scheduleTimes('monthly', fiscalYearStart), from, until, 'UTC')).toEqual(
        duesBetween(from, until, 'monthly', calendar).map((due) => due.toISOString()),
      );
    }
  });
});

const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
];

/** Every match after `from`, up to `until`, found as Temporal does: day by day, by the zone's own clock. */
function matches(
  { calendars: wanted, skip }: { calendars: MatchingTimes[]; skip: MatchingTimes[] },
  from: Date,
  until: Date,
  timezone: string,
): string[] {
  const dayOf = (at: Date) =>
    Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timezone).toPlainDate();
  const found: string[] = [];
  for (let day = dayOf(from); Temporal.PlainDate.compare(day, dayOf(until)) <= 0; day = day.add({ days: 1 })) {
    const isIn = (times: MatchingTimes) =>
      (times.dayOfWeek === undefined || day.dayOfWeek === 1) &&
      (times.dayOfMonth === undefined || day.day === times.dayOfMonth) &&
      (times.month === undefined || times.month.some((month) => month === MONTHS[day.month - 1])) &&
      (times.year === undefined ||
        (day.year >= times.year.start &&
          day.year <= times.year.end &&
          (day.year - times.year.start) % times.year.step === 0));
    if (!wanted.some(isIn) || skip.some(isIn)) continue;
    const { hour } = wanted[0]!;
    const at = new Date(day.toZonedDateTime({ timeZone: timezone, plainTime: { hour } }).epochMilliseconds);
    if (at > from && at <= until) found.push(at.toISOString());
  }
  return found;
}
