/**
 * Upper ends of the histogram's buckets in milliseconds, included; a last bucket takes whatever is longer. Each is a factor
 * of about 1.5 above the one before, at most 1.547. Stored counts mean these buckets: they are never changed.
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
 * An estimate of a percentile in milliseconds: the geometric middle of its bucket, from which nothing in there differs by more
 * than the square root of the factor between its ends. It is off by a quarter at most, below 10 ms by 5 ms; above the last
 * end it is that end. Values are not taken to be spread evenly within a bucket: where most are near one end, that is off by half.
 * @param share from 0 to 1: of the value that so many are not larger than
 * @returns null where nothing was counted
 */
export function latencyPercentile(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let counted = 0;
  const index = buckets.findIndex((count) => count > 0 && (counted += count) >= share * total);
  return middleOf(index === -1 ? buckets.length - 1 : index);
}

function middleOf(bucket: number): number {
  const [low, high] = [LATENCY_BUCKETS_MS[bucket - 1], LATENCY_BUCKETS_MS[bucket]];
  if (high === undefined) return low ?? 0;
  return low === undefined ? high / 2 : Math.sqrt(low * high);
}
