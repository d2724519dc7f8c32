import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addAmounts, type Amount, compareAmounts, exactly, subtractAmounts } from '../../../src/platform/money.ts';
import { allocate, ALLOCATION_METHODS, type Sharer } from '../../../src/usage/rules/allocation.ts';

const amount = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 26n), fc.bigInt(0n, 10n ** 12n - 1n))
  .map(([negative, whole, fraction]) =>
    exactly(`${negative ? '-' : ''}${whole}.${fraction.toString().padStart(12, '0')}`),
  );
const weight = fc.oneof(
  fc.constant(exactly(0)),
  fc.bigInt(0n, 10n ** 12n).map((units) => exactly(units.toString()).times('0.000001')),
);
const sharers = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 })
  .chain((keys) =>
    fc
      .tuple(...keys.map((key) => fc.record({ key: fc.constant(key), share: weight, used: weight })))
      .map((all): Sharer[] => all),
  );
const method = fc.constantFrom(...ALLOCATION_METHODS);
const sum = (amounts: readonly Amount[]) => amounts.reduce(addAmounts, exactly(0));

describe('a shared cost', () => {
  test('adds up to the last digit, in amounts that can be stored', () => {
    fc.assert(
      fc.property(amount, method, sharers, (total, how, who) => {
        const shares = allocate(total, how, who);
        expect(sum(shares.map((share) => share.amount)).toFixed()).toBe(total.toFixed());
        for (const share of shares) expect(share.amount.decimalPlaces()).toBeLessThanOrEqual(12);
      }),
    );
  });

  test('is divided in proportion: nobody is off by a whole smallest unit', () => {
    fc.assert(
      fc.property(amount, sharers, (total, who) => {
        const all = sum(who.map(({ share }) => share ?? exactly(0)));
        fc.pre(!all.isZero());
        for (const [index, { amount: got }] of allocate(total, 'fixed', who).entries()) {
          // Multiplied out, since a quotient would be rounded.
          const difference = subtractAmounts(got.times(all), total.times(who[index]?.share ?? 0)).abs();
          expect(compareAmounts(difference, all.times('0.000000000001'))).toBeLessThan(0);
        }
      }),
    );
  });

  test('does not depend on the order of those who share it', () => {
    fc.assert(
      fc.property(
        amount,
        method,
        sharers.chain((who) => fc.tuple(fc.constant(who), fc.shuffledSubarray(who, { minLength: who.length }))),
        (total, how, [who, shuffled]) => {
          const byKey = (all: readonly Sharer[]) =>
            Object.fromEntries(allocate(total, how, all).map((share) => [share.key, share.amount.toFixed()]));
          expect(byKey(shuffled)).toEqual(byKey(who));
        },
      ),
    );
  });

  test('gives who has no share nothing, unless nobody has one: then it is divided evenly', () => {
    const even = allocate(exactly('10'), 'even', [{ key: 'a' }, { key: 'b' }, { key: 'c' }]).map((share) =>
      share.amount.toFixed(),
    );
    expect(even).toEqual(['3.333333333334', '3.333333333333', '3.333333333333']);
    expect(
      allocate(exactly('10'), 'usage_based', [{ key: 'a' }, { key: 'b' }, { key: 'c' }]).map((share) =>
        share.amount.toFixed(),
      ),
    ).toEqual(even);
    expect(
      allocate(exactly('10'), 'usage_based', [{ key: 'a', used: exactly('5') }, { key: 'b' }]).map((share) =>
        share.amount.toFixed(),
      ),
    ).toEqual(['10', '0']);
    expect(allocate(exactly('10'), 'fixed', [])).toEqual([]);
  });

  test('is divided as the shares say', () => {
    const shares = allocate(exactly('100.01'), 'fixed', [
      { key: 'a', share: exactly(50) },
      { key: 'b', share: exactly(30) },
      { key: 'c', share: exactly(20) },
    ]);
    expect(shares.map((share) => share.amount.toFixed())).toEqual(['50.005', '30.003', '20.002']);
  });
});
