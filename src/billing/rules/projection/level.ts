import { type Deviations, effectiveCount } from './resampling.ts';
import { type Trend, trendOf } from './trend.ts';
import { type DailyCost, fittedFigures, mean, sum, weekdayFactors } from './weekdays.ts';

/** What days cost, and how far they are off. */
export interface LevelModel {
  /** What an average day costs now. */
  readonly level: number;
  /** How many days say what the level is. */
  readonly levelDays: number;
  /** By weekday, how it compares with an average day. */
  readonly factors: readonly number[];
  readonly trend: Trend;
  /** How far the trend may be off, as a multiple of how far the mean of `levelDays` may be, and how old the mean day is. */
  readonly slope: { readonly spread: number; readonly age: number };
  readonly deviations: Deviations;
  /** How many whole days it was made from. */
  readonly days: number;
}

/** After so many days, a day counts half as much. */
const HALF_LIFE_DAYS = 14;
/** Fewer whole days than these do not show how much days differ. */
const LEAST_DAYS = 7;
/**
 * Costs are skewed: of the few very dear days that decide what a mean comes to, most samples have too few, and resampled means
 * spread too little. Half as many days make up for it.
 */
const SKEWNESS = 0.5;
/** A weekday on which hardly anything is spent does not tell what an average day costs. */
const IDLE = 0.05;
/** Within its first hour a day tells nothing. */
const LEAST_ELAPSED = 1 / 24;

interface Observed {
  readonly history: readonly DailyCost[];
  readonly today: { readonly cost: number; readonly elapsed: number };
}

/** Makes the model from the day on which something was first spent: what was before says nothing of what is used now. */
export function modelOf({ history, today }: Observed): LevelModel {
  const first = history.findIndex(({ cost }) => cost > 0);
  const days = first === -1 ? [] : history.slice(first);
  return days.length < LEAST_DAYS ? fromFewDays(days, today) : fromDays(days);
}

function fromDays(days: readonly DailyCost[]): LevelModel {
  const factors = weekdayFactors(days);
  const usual = days.flatMap(({ weekday, cost }) => {
    const factor = factors[weekday] ?? 1;
    return factor < IDLE ? [] : [cost / factor];
  });
  const trend = trendOf(usual);
  const asOfNow = usual.map((cost, index) => cost + trend.perDay * (usual.length - 1 - index));
  const weights = asOfNow.map((_, index) => 0.5 ** ((asOfNow.length - 1 - index) / HALF_LIFE_DAYS));
  const weighted = (values: readonly number[]) =>
    sum(values.map((value, index) => value * (weights[index] ?? 0))) / sum(weights);
  const level = weighted(asOfNow);
  const levelDays = Math.max(1, effectiveCount(weights) * SKEWNESS);
  const freedom = Math.sqrt(usual.length / Math.max(1, usual.length - fittedFigures(factors)));
  return {
    level,
    levelDays,
    factors,
    trend,
    slope: {
      spread: trend.perDay === 0 ? 0 : slopeSpread(usual.length, levelDays),
      age: weighted(usual.map((_, index) => usual.length - 1 - index)),
    },
    deviations: { values: asOfNow.map((cost) => (cost - level) * freedom), weights },
    days: days.length,
  };
}

/** A slope through so many days has a variance of 12 / days³ times theirs, and their mean one of 1 / meanDays times. */
function slopeSpread(days: number, meanDays: number): number {
  return Math.sqrt((12 / days ** 3) * meanDays);
}

/**
 * Within the first week nobody knows how much days differ. Two more are made up, one on which nothing is spent and one that
 * costs twice as much as the mean, so that the interval is as wide as that ignorance.
 */
function fromFewDays(days: readonly DailyCost[], today: Observed['today']): LevelModel {
  const seen = days.length > 0 ? days.map(({ cost }) => cost) : [today.cost / Math.max(today.elapsed, LEAST_ELAPSED)];
  const level = mean(seen);
  const values = [...seen, 0, 2 * level].map((cost) => cost - level);
  return {
    level,
    levelDays: seen.length,
    factors: weekdayFactors([]),
    trend: trendOf([]),
    slope: { spread: 0, age: 0 },
    deviations: { values, weights: values.map(() => 1) },
    days: days.length,
  };
}
