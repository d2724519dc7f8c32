/**
 * Upper ends of the histogram's buckets in milliseconds, included; a last bucket takes whatever is longer. Each is a factor
 * of about 1.5 above the one before, so that an estimated percentile is off by a fifth at most. Stored counts mean these
 * buckets: they are never changed.
 */
export const LATENCY_BUCKETS_MS = [
  10, 15, 22, 33, 50, 75, 110, 170, 250, 380, 570, 850, 1_300, 1_900, 2_900, 4_300, 6_500, 9_700, 15_000, 22_000,
  33_000, 49_000, 74_000, 110_000,
] as const;

export const LATENCY_BUCKET_COUNT = LATENCY_BUCKETS_MS.length + 1;

/** Index of the bucket that a latency in milliseconds counts in. */
export function latencyBucket(ms: number): number {
  const index = LATENCY_BUCKETS_MS.findIndex((end) => ms <= end);
  return index === -1 ? LATENCY_BUCKETS_MS.length : index;
}

/**
 * An estimate of a percentile in milliseconds, evenly spread within its bucket; of the last bucket its lower end.
 * @param share from 0 to 1
 * @returns null where nothing was counted
 */
export function latencyPercentile(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = share * total;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (count > 0 && below + count >= rank) {
      const low = index === 0 ? 0 : (LATENCY_BUCKETS_MS[index - 1] ?? 0);
      const high = LATENCY_BUCKETS_MS[index] ?? low;
      return low + ((high - low) * Math.max(0, rank - below)) / count;
    }
    below += count;
  }
  return LATENCY_BUCKETS_MS.at(-1) ?? null;
}
