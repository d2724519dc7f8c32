import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { PERIOD_KINDS, type Period, periodAt, type PeriodKind } from '../../../src/budgets/rules.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Pacific/Apia',
  'America/Havana',
];
const zones = fc.constantFrom(...ZONES);
const kinds = fc.constantFrom(...PERIOD_KINDS);
const moments = fc.date({ min: new Date('2005-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
const fiscalStarts = fc.constantFrom('01-01', '04-01', '10-01', '02-29', '01-31', '07-15');

function period(at: string, kind: PeriodKind, timezone = 'UTC', fiscalYearStart = '01-01'): [string, string] {
  const { from, until } = periodAt(new Date(at), kind, { timezone, fiscalYearStart });
  return [from.toISOString(), until.toISOString()];
}

describe('a period', () => {
  test.each<[string, PeriodKind, string, string, [string, string]]>([
    ['2026-11-23T12:00:00Z', 'daily', 'UTC', '01-01', ['2026-11-23T00:00:00.000Z', '2026-11-24T00:00:00.000Z']],
    ['2026-11-22T23:59:59Z', 'weekly', 'UTC', '01-01', ['2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z']],
    // The clocks go back on 25 October: the day has 25 hours, and the month one more.
    [
      '2026-10-25T12:00:00Z',
      'daily',
      'Europe/Berlin',
      '01-01',
      ['2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ],
    [
      '2026-10-25T12:00:00Z',
      'monthly',
      'Europe/Berlin',
      '01-01',
      ['2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z'],
    ],
    // 2026-10-31T23:30Z is November in Berlin already.
    [
      '2026-10-31T23:30:00Z',
      'monthly',
      'Europe/Berlin',
      '01-01',
      ['2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z'],
    ],
    // Clocks that go forward at midnight: the day begins at one.
    [
      '2018-11-04T12:00:00Z',
      'daily',
      'America/Sao_Paulo',
      '01-01',
      ['2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z'],
    ],
    ['2026-05-10T00:00:00Z', 'quarterly', 'UTC', '01-01', ['2026-04-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z']],
    ['2026-01-10T00:00:00Z', 'quarterly', 'UTC', '02-01', ['2025-11-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']],
    ['2026-02-10T00:00:00Z', 'monthly', 'UTC', '04-15', ['2026-01-15T00:00:00.000Z', '2026-02-15T00:00:00.000Z']],
    // The 31st of a shorter month is its last day, and of the next one the 31st again.
    ['2026-03-01T00:00:00Z', 'monthly', 'UTC', '01-31', ['2026-02-28T00:00:00.000Z', '2026-03-31T00:00:00.000Z']],
    ['2026-03-31T00:00:00Z', 'monthly', 'UTC', '01-31', ['2026-03-31T00:00:00.000Z', '2026-04-30T00:00:00.000Z']],
    ['2026-02-28T00:00:00Z', 'quarterly', 'UTC', '02-29', ['2026-02-28T00:00:00.000Z', '2026-05-29T00:00:00.000Z']],
  ])('of %s, %s in %s with a fiscal year from %s', (at, kind, timezone, fiscalYearStart, expected) => {
    expect(period(at, kind, timezone, fiscalYearStart)).toEqual(expected);
  });

  test('holds its moment, and every moment of it has the same one', () => {
    fc.assert(
      fc.property(
        moments,
        kinds,
        zones,
        fiscalStarts,
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (at, kind, timezone, fiscalYearStart, share) => {
          const calendar = { timezone, fiscalYearStart };
          const found = periodAt(at, kind, calendar);
          expect(holds(found, at)).toBe(true);
          const other = new Date(
            found.from.getTime() + Math.floor((found.until.getTime() - found.from.getTime()) * share),
          );
          expect(periodAt(other, kind, calendar)).toEqual(found);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('begins where the one before ends, at the first moment of a day', () => {
    fc.assert(
      fc.property(moments, kinds, zones, fiscalStarts, (at, kind, timezone, fiscalYearStart) => {
        const calendar = { timezone, fiscalYearStart };
        const { from, until } = periodAt(at, kind, calendar);
        expect(periodAt(until, kind, calendar).from).toEqual(until);
        expect(periodAt(new Date(from.getTime() - 1), kind, calendar).until).toEqual(from);
        const local = Temporal.Instant.fromEpochMilliseconds(from.getTime()).toZonedDateTimeISO(timezone);
        expect(local.startOfDay().epochMilliseconds).toBe(from.getTime());
        if (kind === 'weekly') expect(local.dayOfWeek).toBe(1);
      }),
      { numRuns: 2_000 },
    );
  });
});

function holds({ from, until }: Period, at: Date): boolean {
  return from <= at && at < until;
}
