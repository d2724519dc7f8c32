/** What was spent on one whole day. */
export interface DailyCost {
  /** From 0 (Monday) to 6. */
  readonly weekday: number;
  readonly cost: number;
}

const DAYS = 7;
/** Three of each weekday: fewer say nothing about it. */
const LEAST_DAYS = 21;
/** The F distribution’s 5 % point for 6 and 30 degrees of freedom, about. */
const CLEARLY_DIFFERENT = 2.4;

/**
 * How each weekday compares with an average day, as a factor; all 1 where there is too little to tell, or where weekdays do
 * not differ clearly (one-way analysis of variance, 5 %): a pattern that is none would only add noise.
 */
export function weekdayFactors(days: readonly DailyCost[]): readonly number[] {
  const even = Array.from({ length: DAYS }, () => 1);
  const overall = mean(days.map(({ cost }) => cost));
  if (days.length < LEAST_DAYS || overall === 0) return even;
  const byWeekday = even.map((_, weekday) => days.filter((day) => day.weekday === weekday).map(({ cost }) => cost));
  const means = byWeekday.map(mean);
  return differ(byWeekday, means, overall, days.length) ? means.map((each) => each / overall) : even;
}

/** How many figures the factors were fitted with: what is left of the noise looks smaller by them than it is. */
export function fittedFigures(factors: readonly number[]): number {
  return factors.some((factor) => factor !== 1) ? DAYS : 1;
}

function differ(groups: readonly (readonly number[])[], means: readonly number[], overall: number, count: number) {
  const between = sum(groups.map(({ length }, index) => length * ((means[index] ?? 0) - overall) ** 2));
  const within = sum(groups.flatMap((group, index) => group.map((cost) => (cost - (means[index] ?? 0)) ** 2)));
  return between / (DAYS - 1) > CLEARLY_DIFFERENT * (within / (count - DAYS));
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
