import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Grouping } from '../../src/platform/grouping.ts';

/** Carries that end when the test says so. */
function carriage() {
  const carried: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const carry = (items: readonly number[]) =>
    new Promise<readonly string[]>((resolve, reject) =>
      carried.push({ items, end: (error) => (error ? reject(error) : resolve(items.map((item) => `#${item}`))) }),
    );
  return { carried, carry };
}

describe('what arrives at the same time', () => {
  test('goes at once while there is a place, and together when one comes back', async () => {
    const { carried, carry } = carriage();
    const grouping = new Grouping(carry, { atOnce: 2, most: 10 });
    const answers = [1, 2, 3, 4, 5].map((item) => grouping.add(item));
    expect(carried.map(({ items }) => items)).toEqual([[1], [2]]);
    carried[1]!.end();
    await expect(answers[1]).resolves.toBe('#2');
    expect(carried.map(({ items }) => items)).toEqual([[1], [2], [3, 4, 5]]);
    expect(grouping.isIdle).toBe(false);
    carried[0]!.end();
    carried[2]!.end();
    await expect(Promise.all(answers)).resolves.toEqual(['#1', '#2', '#3', '#4', '#5']);
    expect(grouping.isIdle).toBe(true);
  });

  test('fails with its group, and no other one', async () => {
    const { carried, carry } = carriage();
    const grouping = new Grouping(carry, { atOnce: 1, most: 2 });
    const answers = [1, 2, 3, 4].map((item) => grouping.add(item));
    carried[0]!.end();
    await answers[0];
    carried[1]!.end(new Error('lost'));
    await expect(answers[1]).rejects.toThrow('lost');
    await expect(answers[2]).rejects.toThrow('lost');
    carried[2]!.end();
    await expect(answers[3]).resolves.toBe('#4');
  });

  test('is carried once each, in order, in groups no larger and no more of them at a time than allowed', async () => {
    const shapes = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      atOnce: fc.integer({ min: 1, max: 4 }),
      most: fc.integer({ min: 1, max: 7 }),
      delays: fc.array(fc.nat(3), { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ count, atOnce, most, delays }) => {
        const seen: number[] = [];
        let running = 0;
        let group = 0;
        const carry = async (items: readonly number[]) => {
          running += 1;
          expect(running).toBeLessThanOrEqual(atOnce);
          expect(items.length).toBeLessThanOrEqual(most);
          seen.push(...items);
          for (let turn = delays[(group += 1) % delays.length]!; turn >= 0; turn -= 1) await Promise.resolve();
          running -= 1;
          return items.map((item) => item * 2);
        };
        const grouping = new Grouping(carry, { atOnce, most });
        const items = Array.from({ length: count }, (_, index) => index);
        expect(await Promise.all(items.map((item) => grouping.add(item)))).toEqual(items.map((item) => item * 2));
        expect(seen).toEqual(items);
        expect(grouping.isIdle).toBe(true);
      }),
    );
  });
});
