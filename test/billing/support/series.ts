import type { ProjectionInput } from '../../../src/billing/rules/projection/project.ts';
import type { Random } from '../../../src/billing/rules/projection/random.ts';

/** How a made-up team spends: the expected cost of a day, and how far a day may be off. */
export interface Spender {
  readonly name: string;
  readonly expected: (day: number) => number;
  /** A factor of mean 1 for a day. */
  readonly noise: (random: Random) => number;
  /**
   * In what part of months the 80 % and the 95 % interval hold, as docs/BILLING.md says. Few very dear days are hard to foresee,
   * and so is a change that there are too few days to tell from noise.
   */
  readonly held: { readonly longKnown: Held; readonly shortKnown: Held };
  /** By what part all months together may differ from what was projected. */
  readonly mostOff: { readonly longKnown: number; readonly shortKnown: number };
}

type Held = readonly [of80: number, of95: number];

const weekend = (day: number) => day % 7 >= 5;
/** A factor with the shape of a log-normal distribution. */
const lognormal = (sigma: number) => (random: Random) => Math.exp(sigma * gaussian(random) - sigma ** 2 / 2);
/** Mostly nothing, now and then much. */
const bursts = (random: Random) => (random() < 0.25 ? 4 * -Math.log(1 - random()) : 0);

export const SPENDERS: readonly Spender[] = [
  {
    name: 'every day about the same',
    expected: () => 100,
    noise: lognormal(0.2),
    held: { longKnown: [0.81, 0.94], shortKnown: [0.8, 0.93] },
    mostOff: { longKnown: 0.03, shortKnown: 0.05 },
  },
  {
    name: 'days that differ much',
    expected: () => 40,
    noise: lognormal(0.8),
    held: { longKnown: [0.81, 0.93], shortKnown: [0.79, 0.91] },
    mostOff: { longKnown: 0.03, shortKnown: 0.05 },
  },
  {
    name: 'little at weekends',
    expected: (day) => (weekend(day) ? 10 : 120),
    noise: lognormal(0.3),
    held: { longKnown: [0.79, 0.93], shortKnown: [0.84, 0.93] },
    mostOff: { longKnown: 0.03, shortKnown: 0.05 },
  },
  {
    name: 'nothing at weekends',
    expected: (day) => (weekend(day) ? 0 : 50),
    noise: lognormal(0.4),
    held: { longKnown: [0.82, 0.93], shortKnown: [0.84, 0.94] },
    mostOff: { longKnown: 0.03, shortKnown: 0.05 },
  },
  {
    name: 'bursts',
    expected: () => 20,
    noise: bursts,
    held: { longKnown: [0.74, 0.9], shortKnown: [0.66, 0.83] },
    mostOff: { longKnown: 0.15, shortKnown: 0.2 },
  },
  {
    name: 'a steady rise',
    expected: (day) => 50 + day,
    noise: lognormal(0.2),
    held: { longKnown: [0.65, 0.82], shortKnown: [0.4, 0.6] },
    mostOff: { longKnown: 0.04, shortKnown: 0.08 },
  },
  {
    name: 'a steady fall',
    expected: (day) => 150 - day,
    noise: lognormal(0.2),
    held: { longKnown: [0.7, 0.84], shortKnown: [0.38, 0.59] },
    mostOff: { longKnown: 0.04, shortKnown: 0.09 },
  },
];

/** When a month is looked at. */
export interface Moment {
  /** How many whole days of the month are over. */
  readonly daysInto: number;
  /** How many whole days the team has spent anything for. */
  readonly days: number;
  /** How much of today is over, from 0 to 1. */
  readonly elapsed: number;
}

const MONTH = 30;
const MOST_DAYS = 56;

/** A moment in a month of 30 days, and what the month turns out to cost. */
export function lived(
  spender: Pick<Spender, 'expected' | 'noise'>,
  { daysInto, days, elapsed }: Moment,
  random: Random,
): { input: ProjectionInput; actual: number } {
  const start = MOST_DAYS - daysInto;
  const costs = Array.from({ length: start + MONTH }, (_, day) => {
    const cost = spender.expected(day) * spender.noise(random);
    return day < MOST_DAYS - days ? 0 : cost;
  });
  const history = costs.slice(0, MOST_DAYS).map((cost, day) => ({ weekday: day % 7, cost }));
  const total = (from: number, until: number) => costs.slice(from, until).reduce((sum, cost) => sum + cost, 0);
  const today = { cost: (costs[MOST_DAYS] ?? 0) * elapsed, elapsed };
  const coming = Array.from({ length: MONTH - daysInto }, (_, ahead) => ({
    weekday: (MOST_DAYS + ahead) % 7,
    share: ahead === 0 ? 1 - elapsed : 1,
    ahead,
  }));
  return {
    input: { history, today, spent: total(start, MOST_DAYS) + today.cost, coming, budget: null },
    actual: total(start, start + MONTH),
  };
}

/** Some moment of a month, of a team that has spent for at least so many days. */
export function someMoment(least: number, most: number, random: Random): Moment {
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  return { daysInto: between(1, 28), days: between(least, most), elapsed: random() };
}

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
