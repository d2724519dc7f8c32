import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addAmounts, exactly } from '../../../src/platform/money.ts';
import { changesOf, percentOf, type Tally, tallyOf, topTallies, type UsedSum } from '../../../src/reports/rules.ts';

function sum(key: string, cost: string, more: Partial<UsedSum> = {}): UsedSum {
  return {
    keys: [key],
    currency: 'USD',
    events: 1,
    failures: 0,
    unpriced: 0,
    tokens: { input_tokens: 0, output_tokens: 0 },
    cost: exactly(cost),
    ...more,
  };
}

const written = ({ cost }: Tally) => cost.map(({ amount, currency }) => `${amount.toFixed()} ${currency}`);
const keyOf = ({ keys }: UsedSum) => keys[0]!;

const sums = fc.array(
  fc
    .record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      units: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      currency: fc.constantFrom('USD', 'EUR', 'JPY'),
      events: fc.nat(1000),
    })
    .map(({ key, units, currency, events }) =>
      sum(key, exactly(String(units)).times('0.000000000001').toFixed(), { currency, events }),
    ),
);

describe('a tally', () => {
  test('adds amounts up to the last digit, and those of other currencies apart', () => {
    const tally = tallyOf([
      sum('a', '12345678901.234567890123'),
      sum('b', '0.000000000001'),
      sum('b', '3', { currency: 'EUR' }),
    ]);
    expect(written(tally)).toEqual(['3 EUR', '12345678901.234567890124 USD']);
    expect(tally.requests).toBe(3);
  });

  test('of nothing is nothing', () => {
    expect(tallyOf([])).toEqual({
      requests: 0,
      failures: 0,
      unpriced: 0,
      inputTokens: 0,
      outputTokens: 0,
      cost: [],
    });
  });
});

describe('the dearest ones', () => {
  test('and what the others come to add up to everything', () => {
    fc.assert(
      fc.property(sums, fc.integer({ min: 1, max: 6 }), (all, most) => {
        const { top, others } = topTallies(all, keyOf, { currency: 'USD', most });
        const parts = [...top.map(({ tally }) => tally), ...(others ? [others.tally] : [])];
        const total = tallyOf(all);
        expect(parts.reduce((count, { requests }) => count + requests, 0)).toBe(total.requests);
        for (const { currency, amount } of total.cost) {
          const ofParts = parts.flatMap(({ cost }) => cost.filter((money) => money.currency === currency));
          expect(ofParts.reduce((before, part) => addAmounts(before, part.amount), exactly(0))).toEqual(amount);
        }
        expect(top.length).toBeLessThanOrEqual(most);
        expect(top.length + (others?.count ?? 0)).toBe(new Set(all.map(keyOf)).size);
      }),
    );
  });

  test('come first, in the currency that is asked for', () => {
    const all = [sum('a', '1'), sum('b', '9', { currency: 'EUR' }), sum('c', '5'), sum('d', '5', { events: 2 })];
    const { top } = topTallies(all, keyOf, { currency: 'USD', most: 10 });
    expect(top.map(({ key }) => key)).toEqual(['d', 'c', 'a', 'b']);
  });
});

describe('a change', () => {
  test('is told in amounts and percent, up and down, and without percent where there was nothing', () => {
    const now = tallyOf([sum('a', '150'), sum('a', '7', { currency: 'EUR' })]);
    const before = tallyOf([sum('a', '200'), sum('a', '4', { currency: 'JPY' })]);
    expect(
      changesOf(now, before).map(({ currency, difference, percent }) => [currency, difference.toFixed(), percent]),
    ).toEqual([
      ['EUR', '7', null],
      ['JPY', '-4', '-100.0'],
      ['USD', '-50', '-25.0'],
    ]);
  });

  test('has one decimal', () => {
    expect(percentOf(exactly(1), exactly(3))).toBe('33.3');
    expect(percentOf(exactly('0.0004'), exactly(1))).toBe('0.0');
    expect(percentOf(exactly(1), exactly(0))).toBeNull();
  });
});
