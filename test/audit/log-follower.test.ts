import { afterEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { LogFollower } from '../../src/audit/log-follower.ts';
import { Unavailable } from '../../src/platform/errors.ts';
import { Watched } from '../notify/support/watched.ts';

let follower: LogFollower | null = null;

afterEach(() => follower?.stop());

/** @param todo how often each has something to do */
function follow(
  todo: Map<string, number>,
  step: (found: string, signal: AbortSignal) => Promise<void>,
  concurrency = 4,
  pollMs = 5,
) {
  const logged: { about?: string }[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const done = new Watched<string>();
  follower = new LogFollower({
    name: 'test',
    logger,
    concurrency,
    pollMs,
    find: async () => [...todo].filter(([, left]) => left > 0).map(([found]) => found),
    step: async (found, signal) => {
      await step(found, signal);
      const left = (todo.get(found) ?? 0) - 1;
      todo.set(found, left);
      done.add(found);
      return left > 0;
    },
  });
  follower.start();
  return { done, logged };
}

describe('whoever follows logs', () => {
  test('does all there is to do, each log by itself, and no more of them side by side than it may', async () => {
    const underWay = new Set<string>();
    let most = 0;
    const { done } = follow(
      new Map(Array.from({ length: 10 }, (_, n) => [`log-${n}`, 5])),
      async (found) => {
        expect(underWay.has(found)).toBe(false);
        underWay.add(found);
        most = Math.max(most, underWay.size);
        await new Promise(setImmediate);
        underWay.delete(found);
      },
      3,
    );
    await done.count(50);
    expect(most).toBe(3);
  });

  const MINUTE_MS = 60_000;

  test('does more than fits side by side after one look, in the order in which it was found', async () => {
    const names = Array.from({ length: 30 }, (_, n) => `log-${n}`);
    const begun: string[] = [];
    const { done } = follow(
      new Map(names.map((name) => [name, 1])),
      async (found) => {
        begun.push(found);
        await new Promise(setImmediate);
      },
      2,
      MINUTE_MS,
    );
    await done.count(30);
    expect(begun).toEqual(names);
  });

  test('lets a log that never ends hold up no other one', async () => {
    const todo = new Map([
      ['endless', Infinity],
      ['also endless', Infinity],
      ...Array.from({ length: 10 }, (_, n) => [`log-${n}`, 3] as const),
    ]);
    const { done } = follow(todo, () => new Promise(setImmediate), 2, MINUTE_MS);
    await done.until((all) => all.filter((found) => found.startsWith('log-')).length === 30);
    expect(done.items.filter((found) => found === 'endless').length).toBeLessThanOrEqual(5);
  });

  test('looks again at once for what became due again, while there is more than fits side by side', async () => {
    const todo = new Map(Array.from({ length: 6 }, (_, n) => [`log-${n}`, n === 1 ? 2 : 1]));
    const { done } = follow(
      todo,
      async (found) => {
        if (found === 'log-3') todo.set('log-0', 1);
        await new Promise(setImmediate);
      },
      2,
      MINUTE_MS,
    );
    await done.count(8);
    expect(done.items.filter((found) => found === 'log-0')).toHaveLength(2);
  });

  test('leaves alone what fails, says so once, and goes on with the others', async () => {
    const todo = new Map([
      ['broken', 1],
      ['sound', 1],
    ]);
    const { done, logged } = follow(todo, async (found) => {
      if (found === 'broken') throw new Error('damaged');
    });
    for (let n = 1; n <= 20; n += 1) {
      await done.count(n);
      todo.set('sound', 1);
    }
    expect(logged.map(({ about }) => about)).toEqual(['broken']);
    expect(done.items).not.toContain('broken');
  });

  test('tries again where the database was away, without a word', async () => {
    let tries = 0;
    const { done, logged } = follow(new Map([['log', 1]]), async () => {
      tries += 1;
      if (tries < 4) throw new Unavailable('The database');
    });
    await done.count(1);
    expect(logged).toEqual([]);
  });

  test('breaks off what it is at when it is to stop, and waits for its end', async () => {
    const begun = Promise.withResolvers<void>();
    let hasEnded = false;
    follow(new Map([['log', 1]]), async (_found, signal) => {
      begun.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      hasEnded = true;
    });
    await begun.promise;
    await follower?.stop();
    expect(hasEnded).toBe(true);
  });
});
