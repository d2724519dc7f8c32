import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { billingPeriodAt, billingPeriodNamed, partsByPeriod } from '../../../src/billing/rules/billing-period.ts';
import { dayAt, daysBetween, elapsedOfDay, startOfDayBefore } from '../../../src/billing/rules/days.ts';

const calendars = fc.record({
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York', 'Pacific/Apia'),
  fiscalYearStart: fc.constantFrom('01-01', '04-15', '01-31', '10-30'),
});
const moments = fc.date({ min: new Date('2021-01-01'), max: new Date('2029-12-31'), noInvalidDate: true });
const iso = ({ from, until }: { from: Date; until: Date }) => [from.toISOString(), until.toISOString()];

describe('a billing period', () => {
  test('is the month that begins in the month it is named after', () => {
    fc.assert(
      fc.property(moments, calendars, (at, calendar) => {
        const period = billingPeriodAt(at, calendar);
        expect(period.from <= at && at < period.until).toBe(true);
        expect(dayAt(period.from, calendar.timezone).date.slice(0, 7)).toBe(period.name);
        expect(billingPeriodNamed(period.name, calendar)).toEqual(period);
      }),
    );
  });

  test('begins when the team’s day begins, on the day that the fiscal year begins on', () => {
    const berlin = { timezone: 'Europe/Berlin', fiscalYearStart: '01-01' };
    expect(iso(billingPeriodNamed('2026-03', berlin))).toEqual([
      '2026-02-28T23:00:00.000Z',
      '2026-03-31T22:00:00.000Z',
    ]);
    const late = { timezone: 'UTC', fiscalYearStart: '01-31' };
    expect(iso(billingPeriodNamed('2026-02', late))).toEqual(['2026-02-28T00:00:00.000Z', '2026-03-31T00:00:00.000Z']);
  });

  test('cuts a longer time without gap or overlap', () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 400 * 24 }), calendars, (from, hours, calendar) => {
        const until = new Date(from.getTime() + hours * 3_600_000);
        const parts = partsByPeriod(from, until, calendar);
        expect([parts[0]?.from, parts.at(-1)?.until]).toEqual([from, until]);
        for (const [index, part] of parts.entries()) {
          expect(part.from < part.until).toBe(true);
          expect(part.from >= part.period.from && part.until <= part.period.until).toBe(true);
          if (index > 0) expect(part.from).toEqual(parts[index - 1]?.until);
        }
      }),
    );
  });
});

describe('days of a time zone', () => {
  test('are each named once, with their weekday', () => {
    const days = daysBetween(new Date('2026-10-23T22:00:00Z'), new Date('2026-10-26T23:00:00Z'), 'Europe/Berlin');
    expect(days).toEqual([
      { date: '2026-10-24', weekday: 5 },
      { date: '2026-10-25', weekday: 6 },
      { date: '2026-10-26', weekday: 0 },
    ]);
    expect(daysBetween(new Date(5), new Date(5), 'UTC')).toEqual([]);
  });

  test('have passed in part, also where one has 25 hours', () => {
    expect(elapsedOfDay(new Date('2026-10-25T10:30:00Z'), 'Europe/Berlin')).toBeCloseTo(12.5 / 25, 10);
    expect(elapsedOfDay(new Date('2026-11-16T00:00:00Z'), 'UTC')).toBe(0);
    expect(startOfDayBefore(new Date('2026-10-26T12:00:00Z'), 1, 'Europe/Berlin').toISOString()).toBe(
      '2026-10-24T22:00:00.000Z',
    );
  });
});
