import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reminderTimes, stageDeadline } from '../../../src/approvals/rules.ts';
import type { Calendar } from '../../../src/tenancy/rules/business-time.ts';
import { stage } from './fixtures.ts';

const OFFICE: Calendar = {
  timezone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hours: { from: '09:00', to: '17:00' },
  holidays: ['2026-12-25'],
};
const FRIDAY = new Date('2026-11-20T14:00:00Z');

describe('stageDeadline', () => {
  test('there is none without a timeout', () => {
    expect(stageDeadline(stage(['ann']), FRIDAY, OFFICE)).toBeNull();
  });

  test('counts plain time, or working time with a calendar', () => {
    expect(stageDeadline(stage(['ann'], { timeout: 'P2D' }), FRIDAY, null)).toEqual(new Date('2026-11-22T14:00:00Z'));
    expect(stageDeadline(stage(['ann'], { timeout: 'P2D' }), FRIDAY, OFFICE)).toEqual(new Date('2026-11-24T14:00:00Z'));
  });
});

describe('reminderTimes', () => {
  test('come in order, each once, and before the deadline', () => {
    const rule = stage(['ann'], { timeout: 'PT8H', reminders: ['PT4H', 'PT1H', 'PT240M', 'PT8H', 'P1D'] });
    expect(reminderTimes(rule, FRIDAY, null)).toEqual([
      new Date('2026-11-20T15:00:00Z'),
      new Date('2026-11-20T18:00:00Z'),
    ]);
    expect(reminderTimes(rule, FRIDAY, OFFICE)).toEqual([
      new Date('2026-11-20T15:00:00Z'),
      new Date('2026-11-23T10:00:00Z'),
    ]);
  });

  test('without a timeout all of them come', () => {
    expect(reminderTimes(stage(['ann'], { reminders: ['P300D'] }), FRIDAY, null)).toHaveLength(1);
  });
});

test('a stage that opens later never ends earlier, and is reminded in order before its end', () => {
  const seconds = fc.integer({ min: 1, max: 2_000_000 }).map((count) => `PT${count}S`);
  const openings = fc.integer({ min: FRIDAY.getTime(), max: FRIDAY.getTime() + 60 * 86_400_000 });
  const calendars = fc.constantFrom(null, OFFICE);
  fc.assert(
    fc.property(
      openings,
      fc.nat({ max: 400_000_000 }),
      seconds,
      fc.array(seconds, { maxLength: 4 }),
      calendars,
      (at, later, timeout, reminders, calendar) => {
        const rule = stage(['ann'], { timeout, reminders });
        const deadline = stageDeadline(rule, new Date(at), calendar);
        expect(deadline?.getTime()).toBeLessThanOrEqual(
          stageDeadline(rule, new Date(at + later), calendar)?.getTime() ?? NaN,
        );
        const moments = [
          at,
          ...reminderTimes(rule, new Date(at), calendar).map((moment) => moment.getTime()),
          deadline?.getTime() ?? NaN,
        ];
        expect(moments.every((moment, index) => index === 0 || moment > (moments[index - 1] ?? NaN))).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});
