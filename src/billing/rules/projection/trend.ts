export type TrendDirection = 'increasing' | 'stable' | 'decreasing';

export interface Trend {
  readonly direction: TrendDirection;
  /** By how much a day differs from the one before; 0 where the trend is stable. */
  readonly perDay: number;
}

const STABLE: Trend = { direction: 'stable', perDay: 0 };
/** Below, the normal approximation of the test does not hold (Gilbert 1987, 16.4). */
const LEAST_DAYS = 10;
/** Two-sided, 5 %. */
const SIGNIFICANT = 1.96;
/** A change over the whole time that is smaller than this part of the median is of no use to anybody. */
const WORTH_SAYING = 0.1;

/**
 * Whether values rise or fall: the test of Mann (1945) and Kendall (1975), corrected for ties, which asks only for the order
 * of values, so that one dear day proves nothing; and how fast, by the median of all slopes (Theil 1950, Sen 1968).
 */
export function trendOf(values: readonly number[]): Trend {
  if (values.length < LEAST_DAYS) return STABLE;
  const slopes: number[] = [];
  let score = 0;
  for (let later = 1; later < values.length; later += 1)
    for (let earlier = 0; earlier < later; earlier += 1) {
      const difference = (values[later] ?? 0) - (values[earlier] ?? 0);
      score += Math.sign(difference);
      slopes.push(difference / (later - earlier));
    }
  const perDay = median(slopes);
  const change = Math.abs(perDay) * values.length;
  if (!isSignificant(score, values) || change <= WORTH_SAYING * median(values)) return STABLE;
  return { direction: perDay > 0 ? 'increasing' : 'decreasing', perDay };
}

function isSignificant(score: number, values: readonly number[]): boolean {
  const ties = [...Map.groupBy(values, (value) => value).values()].map(({ length }) => length);
  const weight = (count: number) => count * (count - 1) * (2 * count + 5);
  const variance = (weight(values.length) - ties.reduce((total, count) => total + weight(count), 0)) / 18;
  return Math.max(Math.abs(score) - 1, 0) > SIGNIFICANT * Math.sqrt(variance);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
