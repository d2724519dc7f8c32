import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { project, type Projection, type ProjectionInput } from '../../../src/billing/rules/projection/project.ts';
import { seededRandom } from '../../../src/billing/rules/projection/random.ts';
import { lived, someMoment, SPENDERS } from '../support/series.ts';

const MIDDLE = { daysInto: 15, days: 56, elapsed: 0 };
const projected = (input: ProjectionInput) => project(input, seededRandom(7));
const cost = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 1e9 }).map((thousandths) => thousandths / 1_000),
  fc.integer({ min: 0, max: 1_000 }).map((units) => units * 1e-12),
);

const inputs = fc
  .record({
    costs: fc.array(cost, { maxLength: 60 }),
    today: fc.record({ cost, elapsed: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
    spent: cost,
    days: fc.integer({ min: 0, max: 31 }),
    budget: fc.option(cost),
  })
  .map(({ costs, today, spent, days, budget }): ProjectionInput => ({
    history: costs.map((each, day) => ({ weekday: day % 7, cost: each })),
    today,
    spent,
    coming: Array.from({ length: days }, (_, ahead) => ({
      weekday: (costs.length + ahead) % 7,
      share: ahead === 0 ? 1 - today.elapsed : 1,
      ahead,
    })),
    budget,
  }));

const numbersOf = ({ cost: middle, interval80, interval95, confidence }: Projection) => [
  middle,
  ...interval80,
  ...interval95,
  confidence,
];

describe('a projection', () => {
  test('is never below what was spent, lies in its intervals, and they in each other', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const found = projected(input);
        const [low95, high95] = found.interval95;
        const [low80, high80] = found.interval80;
        const ascending = [input.spent, low95, low80, found.cost, high80, high95];
        expect(ascending).toEqual(ascending.toSorted((a, b) => a - b));
      }),
    );
  });

  test('consists of numbers, whatever it is made from', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const found = projected(input);
        expect(numbersOf(found).every(Number.isFinite)).toBe(true);
        for (const part of [found.confidence, found.probabilityOfExceeding ?? 0]) {
          expect(part).toBeGreaterThanOrEqual(0);
          expect(part).toBeLessThanOrEqual(1);
        }
        expect(found.probabilityOfExceeding === null).toBe(input.budget === null);
      }),
    );
  });

  test('is the same each time', () => {
    fc.assert(
      fc.property(inputs, (input) => expect(projected(input)).toEqual(projected(input))),
      { numRuns: 20 },
    );
  });

  test('counts in any currency alike', () => {
    const times = (input: ProjectionInput, by: number): ProjectionInput => ({
      ...input,
      history: input.history.map((day) => ({ ...day, cost: day.cost * by })),
      today: { ...input.today, cost: input.today.cost * by },
      spent: input.spent * by,
      budget: input.budget === null ? null : input.budget * by,
    });
    fc.assert(
      // A power of two scales floats without rounding them: what is left is the projection’s own doing.
      fc.property(inputs, fc.constantFrom(2 ** -10, 0.5, 4, 2 ** 20), (input, by) => {
        const [own, scaled] = [projected(input), projected(times(input, by))];
        expect(scaled.trend).toBe(own.trend);
        expect(scaled.probabilityOfExceeding).toBe(own.probabilityOfExceeding);
        expect(scaled.cost).toBeCloseTo(own.cost * by, 6);
        expect(scaled.interval80[1]).toBeCloseTo(own.interval80[1] * by, 6);
      }),
      { numRuns: 40 },
    );
  });

  test('of a period that is over is what was spent, for certain', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const over = projected({ ...input, coming: [] });
        expect(over).toMatchObject({
          cost: input.spent,
          interval80: [input.spent, input.spent],
          interval95: [input.spent, input.spent],
          confidence: 1,
          probabilityOfExceeding: input.budget === null ? null : Number(input.spent > input.budget),
        });
      }),
    );
  });

  test('of nothing is nothing, and says that it is a guess', () => {
    const coming = [{ weekday: 0, share: 1, ahead: 0 }];
    const nothing = projected({ history: [], today: { cost: 0, elapsed: 0.5 }, spent: 0, coming, budget: 10 });
    expect(nothing).toMatchObject({ cost: 0, interval95: [0, 0], confidence: 0, probabilityOfExceeding: 0 });
  });

  test('from little is wide and of low confidence, and from much it is not', () => {
    const coming = Array.from({ length: 20 }, (_, ahead) => ({ weekday: ahead % 7, share: 1, ahead }));
    const after = (days: number) =>
      projected({
        history: Array.from({ length: days }, (_, day) => ({ weekday: day % 7, cost: 100 + (day % 3) })),
        today: { cost: 0, elapsed: 0 },
        spent: 0,
        coming,
        budget: null,
      });
    const width = ({ interval80: [low, high] }: Projection) => high - low;
    expect(width(after(3))).toBeGreaterThan(500);
    expect(after(3).confidence).toBeLessThan(0.15);
    expect(width(after(56))).toBeLessThan(20);
    expect(after(56).confidence).toBeGreaterThan(0.95);
    expect(after(56).cost).toBeCloseTo(2_020, -1);
  });

  test.each([
    ['the same every day', 10, 0],
    ['a bit more every day', 10, 0.5],
    ['a bit less every day', 60, -0.5],
  ])('of what is perfectly regular holds what then comes: %s', (_name, first, perDay) => {
    // A batch at night: when one looks, what today costs is spent already.
    const costOf = (day: number) => first + perDay * day;
    for (const elapsed of [0.1, 0.5, 0.9]) {
      const known = Array.from({ length: 60 }, (_, day) => ({ weekday: day % 7, cost: costOf(day) }));
      const spent = known.slice(-14).reduce((total, { cost: each }) => total + each, costOf(60));
      const coming = Array.from({ length: 15 }, (_, ahead) => ({
        weekday: (60 + ahead) % 7,
        share: ahead === 0 ? 1 - elapsed : 1,
        ahead,
      }));
      const actual = coming.slice(1).reduce((total, { ahead }) => total + costOf(60 + ahead), spent);
      const found = projected({ history: known, today: { cost: costOf(60), elapsed }, spent, coming, budget: actual });
      expect(found.interval80[0]).toBeLessThanOrEqual(actual + 1e-6);
      expect(found.interval80[1]).toBeGreaterThanOrEqual(actual - 1e-6);
      expect(found.probabilityOfExceeding).toBeLessThan(1);
    }
  });

  test('knows that a budget is gone, or is out of reach', () => {
    const { input } = lived(SPENDERS[0]!, MIDDLE, seededRandom(1));
    const chance = (budget: number) => projected({ ...input, budget }).probabilityOfExceeding;
    expect(chance(input.spent - 1)).toBe(1);
    expect(chance(input.spent * 10)).toBe(0);
    expect(chance(projected(input).cost)).toBeCloseTo(0.5, 1);
  });

  test('sees where it goes', () => {
    const trendOf = (name: string) =>
      projected(
        lived(
          SPENDERS.find((each) => each.name === name)!,
          MIDDLE,
          seededRandom(3),
        ).input,
      ).trend;
    expect(['a steady rise', 'a steady fall', 'every day about the same'].map(trendOf)).toEqual([
      'increasing',
      'decreasing',
      'stable',
    ]);
  });
});

describe('the intervals of projections', () => {
  // What they promise is checked against what then happened, at any moment of 300 months for each way of spending.
  const MONTHS = 300;
  /** Three standard deviations of a share of so many months. */
  const giveOrTake = (share: number) => 3 * Math.sqrt((share * (1 - share)) / MONTHS);

  describe.each([
    ['four to eight weeks', 'longKnown', 28, 56],
    ['two to four weeks', 'shortKnown', 14, 27],
  ] as const)('of what is known for %s', (_, known, least, most) => {
    test.each(SPENDERS)('hold as often as is said, and lie on neither side: $name', ({ held, mostOff, ...spender }) => {
      const random = seededRandom(5);
      const [of80, of95] = held[known];
      let [within80, within95, foreseen, happened] = [0, 0, 0, 0];
      for (let month = 0; month < MONTHS; month += 1) {
        const { input, actual } = lived(spender, someMoment(least, most, random), random);
        const { cost: middle, interval80, interval95 } = project(input, random);
        if (actual >= interval80[0] && actual <= interval80[1]) within80 += 1;
        if (actual >= interval95[0] && actual <= interval95[1]) within95 += 1;
        foreseen += middle;
        happened += actual;
      }
      expect(Math.abs(within80 / MONTHS - of80)).toBeLessThan(giveOrTake(of80));
      expect(Math.abs(within95 / MONTHS - of95)).toBeLessThan(giveOrTake(of95));
      expect(Math.abs(foreseen / happened - 1)).toBeLessThan(mostOff[known]);
    });
  });

  test('of less than two weeks are told to be no more than a guess', () => {
    const random = seededRandom(9);
    for (const spender of SPENDERS)
      for (let month = 0; month < 30; month += 1)
        expect(project(lived(spender, someMoment(1, 13, random), random).input, random).confidence).toBeLessThan(0.5);
  });
});
