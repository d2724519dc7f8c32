import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seededRandom } from '../../../src/billing/rules/projection/random.ts';
import { trendOf } from '../../../src/billing/rules/projection/trend.ts';
import { weekdayFactors } from '../../../src/billing/rules/projection/weekdays.ts';

const rising = Array.from({ length: 30 }, (_, day) => 100 + 3 * day);

describe('a trend', () => {
  test('is the median slope, and one dear day does not make one', () => {
    expect(trendOf(rising)).toEqual({ direction: 'increasing', perDay: 3 });
    expect(trendOf(rising.toReversed())).toEqual({ direction: 'decreasing', perDay: -3 });
    const outlier = rising.with(20, 100_000);
    expect(trendOf(outlier)).toMatchObject({ direction: 'increasing', perDay: expect.closeTo(3, 1) });
    expect(trendOf([...Array.from({ length: 29 }, () => 5), 5_000])).toEqual({ direction: 'stable', perDay: 0 });
  });

  test('is not seen in few days, in equal ones, or where it is too small to matter', () => {
    expect(trendOf([1, 2, 3, 4, 5, 6, 7, 8, 9]).direction).toBe('stable');
    expect(trendOf(Array.from({ length: 40 }, () => 7)).direction).toBe('stable');
    expect(trendOf(Array.from({ length: 30 }, (_, day) => 1_000 + day)).direction).toBe('stable');
  });

  test('is seldom seen where there is none: about once in twenty', () => {
    const random = seededRandom(5);
    const seen = Array.from({ length: 1_000 }, () => trendOf(Array.from({ length: 40 }, () => random() * 100)));
    const share = seen.filter(({ direction }) => direction !== 'stable').length / seen.length;
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.07);
  });

  test('turns around with time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 10, maxLength: 40 }), (values) => {
        expect(trendOf(values.toReversed()).perDay).toBeCloseTo(-trendOf(values).perDay, 10);
      }),
    );
  });
});

describe('weekdays', () => {
  const days = (count: number, cost: (day: number) => number) =>
    Array.from({ length: count }, (_, day) => ({ weekday: day % 7, cost: cost(day) }));

  test('are compared with an average day, once there are three of each', () => {
    const factors = weekdayFactors(days(28, (day) => (day % 7 >= 5 ? 0 : 7)));
    expect(factors).toEqual([1.4, 1.4, 1.4, 1.4, 1.4, 0, 0]);
    expect(weekdayFactors(days(20, (day) => (day % 7 >= 5 ? 0 : 7)))).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  test('are alike where nothing clearly speaks against it', () => {
    const random = seededRandom(9);
    expect(weekdayFactors(days(56, () => 50 + 50 * random()))).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(weekdayFactors(days(56, () => 0))).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });
});
