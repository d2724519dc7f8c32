import type { ProjectionInput } from '../../../src/billing/rules/projection/project.ts';
import type { Random } from '../../../src/billing/rules/projection/random.ts';

/** How a made-up team spends: the expected cost of a day, and how far a day may be off. */
export interface Spender {
  readonly name: string;
  readonly expected: (day: number) => number;
  /** A factor of mean 1 for a day. */
  readonly noise: (random: Random) => number;
  /** How often the 80 % interval has to hold. Few very dear days, and a rise whose noise rises with it, are hard to foresee. */
  readonly least80: number;
}

const weekend = (day: number) => day % 7 >= 5;
/** A factor with the shape of a log-normal distribution. */
const lognormal = (sigma: number) => (random: Random) => Math.exp(sigma * gaussian(random) - sigma ** 2 / 2);
/** Mostly nothing, now and then much. */
const bursts = (random: Random) => (random() < 0.25 ? 4 * -Math.log(1 - random()) : 0);

export const SPENDERS: readonly Spender[] = [
  { name: 'every day about the same', expected: () => 100, noise: lognormal(0.2), least80: 0.77 },
  { name: 'days that differ much', expected: () => 40, noise: lognormal(0.8), least80: 0.77 },
  { name: 'little at weekends', expected: (day) => (weekend(day) ? 10 : 120), noise: lognormal(0.3), least80: 0.77 },
  { name: 'nothing at weekends', expected: (day) => (weekend(day) ? 0 : 50), noise: lognormal(0.4), least80: 0.77 },
  { name: 'bursts', expected: () => 20, noise: bursts, least80: 0.66 },
  { name: 'a steady rise', expected: (day) => 50 + day, noise: lognormal(0.2), least80: 0.66 },
  { name: 'a steady fall', expected: (day) => 150 - day, noise: lognormal(0.2), least80: 0.77 },
];

/** A day in the middle of a month of 30 days after 8 weeks, and what the month turns out to cost. */
export function lived(spender: Spender, daysInto: number, random: Random): { input: ProjectionInput; actual: number } {
  const start = 56 - daysInto;
  const costs = Array.from({ length: start + 30 }, (_, day) => spender.expected(day) * spender.noise(random));
  const history = costs.slice(0, 56).map((cost, day) => ({ weekday: day % 7, cost }));
  const total = (from: number, until: number) => costs.slice(from, until).reduce((sum, cost) => sum + cost, 0);
  const coming = Array.from({ length: 30 - daysInto }, (_, ahead) => ({ weekday: (56 + ahead) % 7, share: 1, ahead }));
  return {
    input: { history, today: { cost: 0, elapsed: 0 }, spent: total(start, 56), coming, budget: null },
    actual: total(start, start + 30),
  };
}

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
