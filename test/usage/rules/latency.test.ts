import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LATENCY_BUCKET_COUNT, latencyBucket, latencyPercentile } from '../../../src/usage/rules/latency.ts';

function histogram(latencies: readonly number[]): number[] {
  const buckets = Array.from({ length: LATENCY_BUCKET_COUNT }, () => 0);
  for (const ms of latencies) buckets[latencyBucket(ms)]! += 1;
  return buckets;
}

/** The smallest value that at least this share of all is not larger than. */
function exact(latencies: readonly number[], share: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

const share = fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1);
const milliseconds = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 10, max: 110_000 }));
/** Most of them nearly alike, as calls of one kind are. */
const latencies = fc.oneof(
  fc.array(milliseconds, { minLength: 1, maxLength: 200 }),
  fc
    .tuple(milliseconds, fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 200 }))
    .map(([around, more]) => more.map((ms) => around + ms).filter((ms) => ms <= 110_000))
    .filter((all) => all.length > 0),
);

describe('an estimated percentile', () => {
  test('is off by a quarter at most, and below 10 ms by 5 ms', () => {
    fc.assert(
      fc.property(latencies, share, (all, of) => {
        const truth = exact(all, of);
        const estimate = latencyPercentile(histogram(all), of)!;
        expect(Math.abs(estimate - truth)).toBeLessThanOrEqual(truth <= 10 ? 5 : truth / 4);
      }),
      { numRuns: 2_000 },
    );
  });

  test('never falls where more are counted in', () => {
    fc.assert(
      fc.property(latencies, (all) => {
        const found = [0, 0.5, 0.95, 0.99, 1].map((of) => latencyPercentile(histogram(all), of)!);
        expect(found).toEqual(found.toSorted((a, b) => a - b));
      }),
    );
  });

  test('of calls that are all at one end of a bucket is not that of the other end', () => {
    expect(latencyPercentile(histogram([381, 381, 381]), 0.99)).toBeCloseTo(465.4, 1);
  });

  test('beyond the last end is that, and of nothing is none', () => {
    expect(latencyPercentile(histogram([500_000]), 0.5)).toBe(110_000);
    expect(latencyPercentile(histogram([]), 0.5)).toBeNull();
  });
});
