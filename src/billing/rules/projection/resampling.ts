import type { Random } from './random.ts';
import { sum } from './weekdays.ts';

/** Deviations of past days from what was to be expected, to draw from. */
export interface Deviations {
  readonly values: readonly number[];
  /** How much each counts; the newest the most. */
  readonly weights: readonly number[];
}

/** Past deviations, drawn anew. */
export interface Runs {
  /** The next day's deviation. */
  day(): number;
  /** The mean deviation of so many days. */
  mean(days: number): number;
}

/**
 * Draws runs of days that followed each other, since a dear day seldom comes alone (moving block bootstrap, Künsch 1989). The
 * length of a run grows with the cube root of the number of days, as its error is smallest then.
 */
export function drawRuns({ values, weights }: Deviations, random: Random): Runs {
  const length = Math.max(1, Math.round(Math.cbrt(values.length)));
  const starts = Array.from({ length: values.length - length + 1 }, (_, start) => start);
  const sumFrom = (of: readonly number[], start: number) => sum(of.slice(start, start + length));
  const means = starts.map((start) => sumFrom(values, start) / length);
  const upTo = cumulated(starts.map((start) => sumFrom(weights, start)));
  const all = upTo.at(-1) ?? 0;
  // What days at both ends add less often than those in the middle would pull every path to one side.
  const expected = sum(means.map((mean, start) => (mean * ((upTo[start] ?? 0) - (upTo[start - 1] ?? 0))) / all));
  const pick = () => firstAbove(upTo, random() * all);
  let next = 0;
  let left = 0;
  return {
    day() {
      if (left === 0) {
        next = pick();
        left = length;
      }
      left -= 1;
      next += 1;
      return (values[next - 1] ?? 0) - expected;
    },
    mean(days) {
      const runs = Math.max(1, Math.round(days / length));
      let total = 0;
      for (let run = 0; run < runs; run += 1) total += means[pick()] ?? 0;
      return total / runs - expected;
    },
  };
}

function cumulated(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => (total += value));
}

/** The first place of which the value is above the point, in ascending values. */
function firstAbove(ascending: readonly number[], point: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > point) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many equally weighted values say as much as these (Kish 1965). */
export function effectiveCount(weights: readonly number[]): number {
  return sum(weights) ** 2 / sum(weights.map((weight) => weight ** 2));
}

/**
 * The value below which this part of the sorted values lies, interpolated (type 7 of Hyndman and Fan 1996).
 * @param sorted ascending, not empty
 */
export function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}
