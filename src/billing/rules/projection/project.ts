import { type LevelModel, modelOf } from './level.ts';
import type { Random } from './random.ts';
import { drawRuns, quantile } from './resampling.ts';
import type { TrendDirection } from './trend.ts';
import type { DailyCost } from './weekdays.ts';

/** A day, or what is left of it, of which the cost is not known yet. */
export interface ComingDay {
  readonly weekday: number;
  /** How much of the day is meant, from 0 to 1. */
  readonly share: number;
  /** How many days from today; today is 0. */
  readonly ahead: number;
}

/** What a projection starts from; amounts in one currency. */
export interface ProjectionInput {
  /** Whole days up to yesterday, without gaps, oldest first; days on which nothing was spent included. */
  readonly history: readonly DailyCost[];
  /** What was spent today, and how much of the day has passed. */
  readonly today: { readonly cost: number; readonly elapsed: number };
  /** What was spent in the period so far. */
  readonly spent: number;
  /** What of the period is to come; none where it is over. */
  readonly coming: readonly ComingDay[];
  /** What may be spent in the period; null where nothing limits it. */
  readonly budget: number | null;
}

export type Interval = readonly [low: number, high: number];

/** What a period will have cost at its end. */
export interface Projection {
  /** As likely more as less. Never below what was spent. */
  readonly cost: number;
  readonly interval80: Interval;
  readonly interval95: Interval;
  /** From 0 (a guess) to 1 (certain). */
  readonly confidence: number;
  /** From 0 to 1; null where there is no budget. */
  readonly probabilityOfExceeding: number | null;
  readonly trend: TrendDirection;
  /** How many whole days it is based on. */
  readonly basedOnDays: number;
}

const PATHS = 1_000;
/**
 * A trend does not go on for ever: each day adds this part of what the day before has added (Gardner and McKenzie 1985), or, as
 * nobody knows whether it will, all of it, or less.
 */
const DAMPINGS = [0.96, 0.98, 1];
/**
 * Some spend all day long, others at one time of the day: how much of what is left of today follows from how much of the day is
 * left, and not from what today still lacks.
 */
const BY_THE_CLOCK = [0, 0.5, 1];
/** In so many days the variance of what the level may turn out to be doubles: nobody knows what a team begins meanwhile. */
const LEVEL_SPREAD_DAYS = 28;
/** With so many whole days, nothing speaks against a projection but its own interval. */
const DAYS_FOR_CONFIDENCE = 28;

/**
 * Projects what a period will have cost. The level of recent days, their weekdays and their trend give what is to be
 * expected; how far past days were off is drawn again and again for the days to come, and the quantiles of those paths are
 * the intervals (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 5.5 and 12.5). Nothing is
 * assumed about the shape of the errors, and a day never costs less than nothing.
 * @param random the same numbers give the same projection
 */
export function project(input: ProjectionInput, random: Random): Projection {
  const model = modelOf(input);
  if (input.coming.length === 0) return certain(input, model);
  const totals = simulate(input, model, random);
  const at = (part: number) => Math.max(input.spent, quantile(totals, part));
  const cost = at(0.5);
  const interval80: Interval = [at(0.1), at(0.9)];
  return {
    cost,
    interval80,
    interval95: [at(0.025), at(0.975)],
    confidence: confidenceOf(model, cost, interval80),
    probabilityOfExceeding: chanceAbove(totals, input.budget),
    trend: model.trend.direction,
    basedOnDays: model.days,
  };
}

function certain({ spent, budget }: ProjectionInput, { trend, days }: LevelModel): Projection {
  return {
    cost: spent,
    interval80: [spent, spent],
    interval95: [spent, spent],
    confidence: 1,
    probabilityOfExceeding: chanceAbove([spent], budget),
    trend: trend.direction,
    basedOnDays: days,
  };
}

/** What the period might have cost at its end, ascending. */
function simulate({ spent, today, coming }: ProjectionInput, model: LevelModel, random: Random): number[] {
  const runs = drawRuns(model.deviations, random);
  const paths = DAMPINGS.map((damping) => coming.map((day) => expectedOf(day, model, damping)));
  const totals = Array.from({ length: PATHS }, (_, path) => {
    // Level and slope are known only as well as so many days tell.
    const shift = runs.mean(model.levelDays);
    const slope = model.slope.spread * runs.mean(model.levelDays);
    const byTheClock = BY_THE_CLOCK[path % BY_THE_CLOCK.length]!;
    let total = spent;
    for (const { level, lever, spread, factor, share } of paths[
      Math.floor(path / BY_THE_CLOCK.length) % paths.length
    ]!) {
      const day = factor * Math.max(0, level + shift * spread + slope * lever + runs.day());
      total += share === 1 ? day : byTheClock * share * day + (1 - byTheClock) * Math.max(0, day - today.cost);
    }
    return total;
  });
  return totals.toSorted((a, b) => a - b);
}

function expectedOf(
  { weekday, share, ahead }: ComingDay,
  { level, trend, slope, factors }: LevelModel,
  damping: number,
) {
  // The level is yesterday's.
  const days = dampedDays(ahead + 1, damping);
  return {
    level: level + trend.perDay * days,
    lever: slope.age + days,
    spread: Math.sqrt(1 + ahead / LEVEL_SPREAD_DAYS),
    factor: factors[weekday] ?? 1,
    share,
  };
}

/** How many days' worth of slope have come together after so many days. */
function dampedDays(ahead: number, damping: number): number {
  return damping === 1 ? ahead : (damping * (1 - damping ** ahead)) / (1 - damping);
}

function chanceAbove(totals: readonly number[], budget: number | null): number | null {
  return budget === null ? null : totals.filter((total) => total > budget).length / totals.length;
}

/** How long has been looked, times how narrow it came out. */
function confidenceOf({ days }: LevelModel, cost: number, [low, high]: Interval): number {
  const looked = Math.min(1, days / DAYS_FOR_CONFIDENCE);
  const narrow = cost === 0 ? 1 : 1 - Math.min(1, (high - low) / (2 * cost));
  return looked * narrow;
}
