import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDuration } from '../../src/platform/duration.ts';
import {
  addWorkingTime,
  assertCalendar,
  type Calendar,
  WEEKDAYS,
  workingTimeBetween,
} from '../../src/tenancy/rules/business-time.ts';

const OFFICE: Calendar = {
  timezone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hours: { from: '09:00', to: '17:00' },
  holidays: [],
};
const ALWAYS: Calendar = { ...OFFICE, days: WEEKDAYS, hours: { from: '00:00', to: '24:00' } };

const after = (from: string, duration: string, calendar: Calendar = OFFICE) =>
  addWorkingTime(new Date(from), parseDuration(duration), calendar).toISOString();

describe('addWorkingTime', () => {
  test.each([
    ['two days from Friday afternoon', '2026-11-20T15:00+01:00', 'P2D', '2026-11-24T14:00:00.000Z'],
    ['a day from Saturday counts from Monday', '2026-11-21T12:00+01:00', 'P1D', '2026-11-24T08:00:00.000Z'],
    ['a day from before the opening counts from it', '2026-11-23T06:00+01:00', 'P1D', '2026-11-24T08:00:00.000Z'],
    ['closing time is no longer working time', '2026-11-23T17:00+01:00', 'P1D', '2026-11-25T08:00:00.000Z'],
    ['hours within a day', '2026-11-23T10:00+01:00', 'PT4H', '2026-11-23T13:00:00.000Z'],
    ['hours end at closing time', '2026-11-23T09:00+01:00', 'PT8H', '2026-11-23T16:00:00.000Z'],
    ['hours go on the next working day', '2026-11-20T16:30+01:00', 'PT1H', '2026-11-23T08:30:00.000Z'],
    ['days first, then hours', '2026-11-20T16:00+01:00', 'P1DT2H', '2026-11-24T09:00:00.000Z'],
    ['a week is seven working days', '2026-11-23T10:00+01:00', 'P1W', '2026-12-02T09:00:00.000Z'],
    ['days keep the time of day when the clocks go back', '2026-10-23T15:00+02:00', 'P1D', '2026-10-26T14:00:00.000Z'],
    [
      'days keep the time of day when the clocks go forward',
      '2026-03-27T15:00+01:00',
      'P1D',
      '2026-03-30T13:00:00.000Z',
    ],
  ])('%s', (_what, from, duration, expected) => {
    expect(after(from, duration)).toBe(expected);
  });

  test('skips holidays', () => {
    const calendar = { ...OFFICE, holidays: ['2026-11-23', '2026-11-25'] };
    expect(after('2026-11-20T15:00+01:00', 'P1D', calendar)).toBe('2026-11-24T14:00:00.000Z');
    expect(after('2026-11-24T16:00+01:00', 'PT2H', calendar)).toBe('2026-11-26T09:00:00.000Z');
  });

  test('counts a day of 25 hours as it is', () => {
    expect(after('2026-10-25T00:00+02:00', 'PT25H', ALWAYS)).toBe('2026-10-25T23:00:00.000Z');
    expect(workingTimeBetween(new Date('2026-03-28T23:00Z'), new Date('2026-03-29T22:00Z'), ALWAYS)).toBe(
      23 * 3_600_000,
    );
  });

  test('moves a time of day that does not exist to the next that does', () => {
    expect(after('2026-03-28T02:30+01:00', 'P1D', ALWAYS)).toBe('2026-03-29T01:30:00.000Z');
  });

  test('does not count a day that a zone left out', () => {
    const apia = { ...ALWAYS, timezone: 'Pacific/Apia', hours: { from: '09:00', to: '17:00' } };
    // Thursday 29 December 2011 was followed by Saturday 31.
    expect(after('2011-12-29T15:00-10:00', 'PT16H', apia)).toBe('2012-01-01T01:00:00.000Z');
    expect(after('2011-12-29T15:00-10:00', 'P1D', apia)).toBe('2011-12-31T01:00:00.000Z');
  });

  test('a calendar with holidays on every working day ends with an error, soon', () => {
    const day = (offset: number) => new Date(Date.UTC(2026, 10, 23 + offset)).toISOString().slice(0, 10);
    const never = {
      ...OFFICE,
      days: ['mon'],
      holidays: Array.from({ length: 540 }, (_, week) => day(week * 7)),
    } satisfies Calendar;
    expect(() => after('2026-11-23T10:00Z', 'PT1S', never)).toThrow(
      expect.objectContaining({ code: 'calendar-too-sparse' }),
    );
    expect(() => after('2026-11-23T10:00Z', 'P1D', never)).toThrow(
      expect.objectContaining({ code: 'calendar-too-sparse' }),
    );
  });

  test('a year of hours in a calendar of one minute a week ends with an error', () => {
    const sparse = { ...OFFICE, days: ['sun'], hours: { from: '09:00', to: '09:01' } } satisfies Calendar;
    expect(() => after('2026-11-23T10:00Z', 'PT8760H', sparse)).toThrow(
      expect.objectContaining({ code: 'calendar-too-sparse' }),
    );
  });

  test('a year of single working days a week can be counted', () => {
    expect(after('2026-11-22T10:00Z', 'P365D', { ...OFFICE, days: ['sun'] })).toBe('2033-11-20T10:00:00.000Z');
  });
});

describe('assertCalendar', () => {
  test('takes calendars that can be counted in', () => {
    expect(() => {
      assertCalendar(OFFICE);
      assertCalendar({ ...ALWAYS, timezone: 'UTC', holidays: ['2028-02-29'] });
    }).not.toThrow();
  });

  test.each<[string, Partial<Calendar>]>([
    ['timezone', { timezone: 'Europe/Atlantis' }],
    ['timezone', { timezone: '+02:00' }],
    ['timezone', { timezone: '2026-01-01T00:00Z[UTC]' }],
    ['timezone', { timezone: '' }],
    ['days', { days: [] }],
    ['hours', { hours: { from: '17:00', to: '09:00' } }],
    ['hours', { hours: { from: '09:00', to: '09:00' } }],
    ['hours', { hours: { from: '9:00', to: '17:00' } }],
    ['hours', { hours: { from: '09:00', to: '24:01' } }],
    ['hours', { hours: { from: '24:00', to: '24:00' } }],
    ['holidays', { holidays: ['2026-02-30'] }],
    ['holidays', { holidays: ['2026-2-3'] }],
    ['holidays', { holidays: ['2026-12-25', '25.12.2026'] }],
  ])('refuses wrong %s: %j', (part, change) => {
    expect(() => assertCalendar({ ...OFFICE, ...change })).toThrow(
      expect.objectContaining({ code: 'invalid-calendar', part }),
    );
  });
});

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'];
const quarter = fc
  .integer({ min: 0, max: 95 })
  .map(
    (quarters) =>
      `${String(Math.floor(quarters / 4)).padStart(2, '0')}:${String((quarters % 4) * 15).padStart(2, '0')}`,
  );
const hours = fc
  .tuple(quarter, fc.oneof(quarter, fc.constant('24:00')))
  .filter(([from, to]) => from < to)
  .map(([from, to]) => ({ from, to }));
const isoDate = (day: number) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10);
const holidays = fc.uniqueArray(fc.integer({ min: 0, max: 400 }).map(isoDate), { maxLength: 20 });
const calendarsWith = (openingHours: fc.Arbitrary<Calendar['hours']>) =>
  fc.record({
    timezone: fc.constantFrom(...ZONES),
    days: fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
    hours: openingHours,
    holidays,
  });
// Half of the moments lie around the changes of the clocks, where mistakes would be.
const CHANGES = [
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-03-08T07:00Z',
  '2026-11-01T06:00Z',
  '2026-04-04T15:00Z',
  '2026-10-03T15:30Z',
].map((text) => Date.parse(text));
const moments = fc.oneof(
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3 * 86_400_000, max: 3 * 86_400_000 }))
    .map(([change, offset]) => new Date(change + offset)),
  fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }).map((at) => new Date(at)),
);

describe('for all calendars, zones and moments', () => {
  test('measuring after adding hours, minutes and seconds gives back what was added', () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 200_000 }), calendarsWith(hours), (from, seconds, calendar) => {
        const end = addWorkingTime(from, { days: 0, seconds }, calendar);
        expect(workingTimeBetween(from, end, calendar)).toBe(seconds * 1000);
        expect(workingTimeBetween(from, new Date(end.getTime() - 1), calendar)).toBe(seconds * 1000 - 1);
      }),
      { numRuns: 300 },
    );
  });

  test('adding hours in two steps is adding them in one', () => {
    const part = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(moments, part, part, calendarsWith(hours), (from, first, second, calendar) => {
        const stepwise = addWorkingTime(
          addWorkingTime(from, { days: 0, seconds: first }, calendar),
          { days: 0, seconds: second },
          calendar,
        );
        expect(stepwise).toEqual(addWorkingTime(from, { days: 0, seconds: first + second }, calendar));
      }),
      { numRuns: 200 },
    );
  });

  test('working days are each as long as a working day, where the clocks do not change within it', () => {
    const daytime = fc.constantFrom(
      { from: '06:00', to: '24:00' },
      { from: '09:00', to: '17:00' },
      { from: '08:15', to: '12:45' },
    );
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 15 }), calendarsWith(daytime), (from, days, calendar) => {
        const dayLength = workingTimeOfADay(calendar.hours);
        const end = addWorkingTime(from, { days, seconds: 0 }, calendar);
        expect(workingTimeBetween(from, end, calendar)).toBe(days * dayLength);
      }),
      { numRuns: 300 },
    );
  });

  test('a later beginning or a longer duration never ends earlier', () => {
    const daytime = fc.constantFrom({ from: '06:00', to: '24:00' }, { from: '09:00', to: '17:00' });
    const length = fc.record({ days: fc.integer({ min: 0, max: 9 }), seconds: fc.integer({ min: 0, max: 90_000 }) });
    const more = fc.record({ days: fc.nat({ max: 3 }), seconds: fc.nat({ max: 9_000 }) });
    fc.assert(
      fc.property(
        moments,
        fc.nat({ max: 4 * 86_400_000 }),
        length,
        more,
        calendarsWith(daytime),
        (from, later, duration, { days, seconds }, calendar) => {
          const end = addWorkingTime(from, duration, calendar).getTime();
          expect(addWorkingTime(new Date(from.getTime() + later), duration, calendar).getTime()).toBeGreaterThanOrEqual(
            end,
          );
          const longer = { days: duration.days + days, seconds: duration.seconds + seconds };
          expect(addWorkingTime(from, longer, calendar).getTime()).toBeGreaterThanOrEqual(end);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('agrees with walking the clock in steps of a quarter of an hour', () => {
    const start = moments.map((at) => Math.floor(at.getTime() / QUARTER) * QUARTER);
    const daytime = hours.filter(({ from, to }) => (from === '00:00' || from >= '04:00') && to >= '04:00');
    fc.assert(
      fc.property(start, fc.integer({ min: 1, max: 600 }), calendarsWith(daytime), (from, quarters, calendar) => {
        const measured = workingTimeBetween(new Date(from), new Date(from + quarters * QUARTER), calendar);
        expect(measured).toBe(walkTheClock(from, quarters, calendar) * QUARTER);
      }),
      { numRuns: 120 },
    );
  });
});

const QUARTER = 15 * 60_000;

function workingTimeOfADay({ from, to }: Calendar['hours']): number {
  const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  return (minutes(to) - minutes(from)) * 60_000;
}

/** Counts the quarters of an hour that begin within working hours by the zone's own clock: a second way to the same answer. */
function walkTheClock(
  from: number,
  quarters: number,
  { timezone, days, hours: { from: opens, to: closes }, holidays: off }: Calendar,
): number {
  const clock = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  let working = 0;
  for (let step = 0; step < quarters; step += 1) {
    const parts = new Map(clock.formatToParts(from + step * QUARTER).map(({ type, value }) => [type, value]));
    const weekday = WEEKDAYS.find((day) => day === parts.get('weekday')?.toLowerCase().slice(0, 3));
    const date = `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
    const time = `${parts.get('hour')}:${parts.get('minute')}`;
    if (weekday !== undefined && days.includes(weekday) && !off.includes(date) && opens <= time && time < closes)
      working += 1;
  }
  return working;
}
