import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { JournalWorld } from './support/journal-world.ts';

const PROGRAM = new URL('./support/digest-process.ts', import.meta.url).pathname;
const KILLS = 5;
const WRITERS = 4;

let world: JournalWorld;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  world = await JournalWorld.open();
});

afterAll(async () => {
  await Promise.all([...children].map(kill));
  await world?.close();
});

function startWorker(organization: string): ChildProcess {
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM], {
    env: {
      ...process.env,
      DATABASE_URL: world.log.place.url,
      SECRET_KEY: world.log.secret,
      ORGANIZATION: organization,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Holds, settles, gives back and lets run out, until it is told to stop. @returns how many changes that were */
async function spend(organization: string, until: AbortSignal): Promise<number> {
  let changes = 0;
  while (!until.aborted) {
    const id = await world.reserve(organization);
    changes += 1;
    if (changes % 3 === 0) continue;
    if (changes % 2 === 0) await world.settle(organization, id);
    else await world.release(organization, id);
    changes += 1;
  }
  return changes;
}

describe('kill -9 of workers that digest, two at a time, while reservations change', () => {
  test('misses no change, and takes none twice', async () => {
    const organization = await world.organization();
    const stopping = new AbortController();
    const spending = Promise.all(Array.from({ length: WRITERS }, () => spend(organization, stopping.signal)));
    for (let killed = 0; killed < KILLS; killed += 1) {
      const before = (await world.minutes(organization)).length;
      const workers = [startWorker(organization), startWorker(organization)];
      while ((await world.minutes(organization)).length < before + 3) await pause(20);
      await pause(Math.random() * 50);
      await Promise.all(workers.map(kill));
    }
    stopping.abort();
    const changes = (await spending).reduce((sum, count) => sum + count, 0);
    await world.digestAll(organization);
    const minutes = await world.minutes(organization);
    expect(minutes.reduce((sum, minute) => sum + minute.changes, 0)).toBe(changes);
    expect(minutes.map(({ after }) => after)).toEqual([0, ...minutes.slice(0, -1).map(({ to }) => to)]);
    expect(await world.check(organization)).toEqual({ found: [], journal: { minutes: minutes.length, waiting: 0 } });
  });
});
