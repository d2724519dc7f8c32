import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addAmounts, compareAmounts, formatAmount, parseAmount } from '../../src/platform/money.ts';

const UNITS_PER_ONE = 10n ** 12n;
const LARGEST = 10n ** 27n - 1n;
// The same number as an integer of billionths of a thousandth: exact arithmetic that owes nothing to the library.
const units = fc.bigInt({ min: 0n, max: LARGEST });
const written = (amount: bigint) => `${amount / UNITS_PER_ONE}.${String(amount % UNITS_PER_ONE).padStart(12, '0')}`;

describe('parseAmount and formatAmount', () => {
  test.each([
    ['0', '0.00'],
    ['1500', '1500.00'],
    ['1500.5', '1500.50'],
    ['1500.00', '1500.00'],
    ['0.10', '0.10'],
    ['0.125', '0.125'],
    ['1.500000000000', '1.50'],
    ['007.5', '7.50'],
    ['0.000000000001', '0.000000000001'],
    ['999999999999999.999999999999', '999999999999999.999999999999'],
  ])('writes %s as %s', (text, normal) => {
    expect(formatAmount(parseAmount(text))).toBe(normal);
  });

  test.each([
    '',
    '.5',
    '5.',
    '-1',
    '+1',
    '1e3',
    '1,5',
    ' 1',
    '1\n',
    'NaN',
    'Infinity',
    '0x10',
    '١',
    '1234567890123456',
    '1.1234567890123',
  ])('refuses %j', (text) => {
    expect(() => parseAmount(text)).toThrow(expect.objectContaining({ code: 'invalid-amount' }));
  });

  test('what is written reads back as the same amount, and is written the same again', () => {
    fc.assert(
      fc.property(units, (amount) => {
        const text = formatAmount(parseAmount(written(amount)));
        expect(compareAmounts(parseAmount(text), parseAmount(written(amount)))).toBe(0);
        expect(formatAmount(parseAmount(text))).toBe(text);
        expect(text).toMatch(/^\d+\.\d{2}(\d*[1-9])?$/);
      }),
    );
  });
});

describe('exact arithmetic', () => {
  test('adds and compares like integers of the smallest unit', () => {
    fc.assert(
      fc.property(units, units, (left, right) => {
        const sum = addAmounts(parseAmount(written(left)), parseAmount(written(right)));
        expect(sum.toFixed(12)).toBe(written(left + right));
        expect(Math.sign(compareAmounts(parseAmount(written(left)), parseAmount(written(right))))).toBe(
          left < right ? -1 : left > right ? 1 : 0,
        );
      }),
    );
  });

  test('keeps 38 digits when many large amounts are added', () => {
    const large = parseAmount('999999999999999.999999999999');
    let sum = parseAmount('0');
    for (let count = 0; count < 2_000; count += 1) sum = addAmounts(sum, large);
    expect(formatAmount(sum)).toBe('1999999999999999999.999999998');
  });

  test('does not round as floats do', () => {
    expect(formatAmount(addAmounts(parseAmount('0.1'), parseAmount('0.2')))).toBe('0.30');
  });
});
