import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type Round, Rounds } from '../../src/platform/rounds.ts';

const logger = pino({ level: 'silent' });

function roundsOf(round: Round): Rounds {
  return new Rounds({ name: 'test', everyMs: 1, round, logger });
}

describe('rounds', () => {
  test('go on after one that has failed, and never two at a time', async () => {
    let running = 0;
    let count = 0;
    const most: number[] = [];
    await new Promise<void>((resolve) => {
      const rounds = roundsOf(async () => {
        most.push((running += 1));
        count += 1;
        await new Promise((next) => setImmediate(next));
        running -= 1;
        if (count === 5) resolve(rounds.stop().then(() => undefined));
        if (count % 2 === 1) throw new Error('this one fails');
      });
      rounds.start();
    });
    expect(count).toBe(5);
    expect(Math.max(...most)).toBe(1);
  });

  test('are told to end, and waited for', async () => {
    let ended = false;
    const entered = Promise.withResolvers<void>();
    const rounds = roundsOf(async (signal) => {
      entered.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await new Promise((next) => setImmediate(next));
      ended = true;
    });
    rounds.start();
    await entered.promise;
    await rounds.stop();
    expect(ended).toBe(true);
  });
});
