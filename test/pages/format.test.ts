import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatAmount, formatMoment, formatRelative, humanize } from '../../src/pages/format.ts';

const NOW = new Date('2026-11-23T09:12:00Z');
const after = (milliseconds: number): Date => new Date(NOW.getTime() + milliseconds);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('amounts', () => {
  test.each([
    ['12000.00', '12,000.00 USD'],
    ['12000.5', '12,000.50 USD'],
    ['0', '0.00 USD'],
    ['-1234567.891', '-1,234,567.891 USD'],
    ['99999999999999999999999999.123456789012', '99,999,999,999,999,999,999,999,999.123456789012 USD'],
    ['2.500000000000', '2.50 USD'],
    ['not a number', 'not a number USD'],
  ])('%s is shown as %s', (value, shown) => {
    expect(formatAmount({ value, currency: 'USD' })).toBe(shown);
  });

  test('keep every digit that counts', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 26n }), fc.stringMatching(/^\d{1,12}$/), (whole, fraction) => {
        const shown = formatAmount({ value: `${whole}.${fraction}`, currency: 'EUR' })
          .replaceAll(',', '')
          .replace(' EUR', '');
        expect(shown.replace(/0+$/, '')).toBe(`${whole}.${fraction}`.replace(/0+$/, ''));
      }),
    );
  });
});

describe('times', () => {
  test('are written in UTC, whatever the zone of the machine', () => {
    expect(formatMoment(new Date('2026-01-05T03:07:59.999+05:00'))).toBe('4 Jan 2026, 22:07 UTC');
  });

  test.each([
    [1, 'in less than a minute'],
    [MINUTE, 'in 1 minute'],
    [3 * HOUR + 59 * MINUTE, 'in 3 hours'],
    [47 * HOUR, 'in 47 hours'],
    [2 * DAY, 'in 2 days'],
    [11 * DAY - 1, 'in 10 days'],
    [0, 'less than a minute ago'],
    [-90 * MINUTE, '1 hour ago'],
    [-47 * HOUR, '1 day ago'],
    [-400 * DAY, '400 days ago'],
  ])('%d ms from now is %s', (distance, words) => {
    expect(formatRelative(after(distance), NOW)).toBe(words);
  });
});

test.each([
  ['cost_center', 'Cost center'],
  ['provider', 'Provider'],
  ['maxHours', 'maxHours'],
  ['Cost Center', 'Cost Center'],
  ['__proto__', '__proto__'],
  ['', ''],
])('the name %j is shown as %j', (name, shown) => {
  expect(humanize(name)).toBe(shown);
});
