import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exactly } from '../../../src/platform/money.ts';
import type { Line } from '../../../src/usage/rules/lines.ts';
import { stretchesOf, type Versioned, versionAt } from '../../../src/usage/rules/rates.ts';
import { spendsOf } from '../../../src/usage/rules/rollup.ts';

const START = Date.parse('2026-11-20T10:00:00Z');
const MINUTE = 60_000;
const at = (minutes: number) => new Date(START + minutes * MINUTE);
const minutes = fc.integer({ min: -30, max: 90 });
const versions: fc.Arbitrary<Versioned[]> = fc
  .array(minutes, { maxLength: 6 })
  .map((begins) => begins.map((begin, index) => ({ version: index + 1, effectiveFrom: at(begin) })));

describe('a stretch of time', () => {
  test('is divided so that one version holds in all of each part', () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: 1, max: 60 }), (all, length) => {
        const parts = stretchesOf(all, at(0), at(length));
        expect(parts[0]!.from).toEqual(at(0));
        expect(parts.at(-1)!.until).toEqual(at(length));
        for (const [index, { from, until, version }] of parts.entries()) {
          if (index > 0) expect(from).toEqual(parts[index - 1]!.until);
          for (let moment = from.getTime(); moment < until.getTime(); moment += MINUTE)
            expect(versionAt(all, new Date(moment))).toBe(version);
        }
        // No more parts than there have to be.
        for (const [index, { version }] of parts.entries()) expect(parts[index + 1]?.version).not.toBe(version);
      }),
    );
  });
});

describe('what is spent within a quarter of an hour', () => {
  const line = (minute: number): Line => ({
    id: 'line',
    team: 'team',
    person: 'person',
    provider: 'openai',
    model: 'gpt-4o',
    kind: 'usage',
    tokens: {},
    batched: false,
    serviceTier: null,
    cost: exactly(1),
    currency: 'EUR',
    stated: null,
    priceVersion: null,
    pricedBy: 'caller',
    latencyMs: null,
    success: true,
    occurredAt: at(minute),
    corrects: null,
  });

  test('is one sum where no exchange rate begins', () => {
    const spends = spendsOf([line(1), line(14)], [at(-1)]);
    expect(spends.map(({ from, cost }) => [from, cost.toFixed()])).toEqual([[at(0), '2']]);
  });

  test('is a sum for each exchange rate, and none is lost', () => {
    fc.assert(
      fc.property(
        versions,
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 20 }),
        (all, spent) => {
          const expected = new Map<number | null, number>();
          for (const minute of spent) {
            const version = versionAt(all, at(minute))?.version ?? null;
            expected.set(version, (expected.get(version) ?? 0) + 1);
          }
          const counted = new Map<number | null, number>();
          for (const { from, cost } of spendsOf(
            spent.map(line),
            all.map(({ effectiveFrom }) => effectiveFrom),
          )) {
            const version = versionAt(all, from)?.version ?? null;
            counted.set(version, (counted.get(version) ?? 0) + cost.toNumber());
          }
          expect(counted).toEqual(expected);
        },
      ),
    );
  });
});
