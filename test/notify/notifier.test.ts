import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Notifier } from '../../src/platform/database/notifier.ts';
import { newId } from '../../src/platform/ids.ts';
import { Watched } from './support/watched.ts';
import { World } from './support/world.ts';

const LONG = 30_000;
let world: World;
let other: Notifier;

beforeAll(async () => {
  world = await World.open();
  other = new Notifier({ url: world.url, logger: world.logger });
  await other.start();
});

afterAll(async () => {
  await other.stop();
  await world.close();
});

async function loseConnections(): Promise<void> {
  const pids = await listenerPids();
  expect(pids).toHaveLength(2);
  await world.admin.query('select pg_terminate_backend(pid) from unnest($1::int[]) as lost (pid)', [pids]);
}

async function listenerPids(): Promise<number[]> {
  const { rows } = await world.admin.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'countersign listener' and datname = current_database()`,
  );
  return rows.map(({ pid }) => pid);
}

describe('waiting for a change', () => {
  test('ends at once in the process that makes the change', async () => {
    const resource = newId();
    const waiting = other.wait(resource, LONG);
    other.changed(resource);
    expect(await waiting).toBe(true);
  });

  test('ends in another process', async () => {
    const resource = newId();
    const waiting = other.wait(resource, LONG);
    world.notifier.changed(resource);
    expect(await waiting).toBe(true);
  });

  test('ends for each of thousands of resources that change at the same moment', async () => {
    const resources = Array.from({ length: 3_000 }, () => newId());
    const waiting = resources.map((resource) => other.wait(resource, LONG));
    for (const resource of resources) world.notifier.changed(resource);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  });

  test('does not end when something else changes, only when the time is over', async () => {
    const [resource, another] = [newId(), newId()];
    const waiting = other.wait(resource, 150);
    const seen = other.wait(another, LONG);
    world.notifier.changed(another);
    expect(await seen).toBe(true);
    expect(await waiting).toBe(false);
  });

  test('ends when it is called off, and when the notifier stops', async () => {
    const controller = new AbortController();
    const calledOff = other.wait(newId(), LONG, controller.signal);
    controller.abort();
    expect(await calledOff).toBe(false);
    const short = new Notifier({ url: world.url, logger: world.logger });
    await short.start();
    const stopped = short.wait(newId(), LONG);
    await short.stop();
    expect(await stopped).toBe(false);
    expect(await short.wait(newId(), LONG)).toBe(false);
  });

  test('a name that no notification can carry still wakes its waiters elsewhere', async () => {
    const resource = 'x'.repeat(9_000);
    const waiting = other.wait(resource, LONG);
    world.notifier.changed(resource);
    expect(await waiting).toBe(true);
  });
});

describe('listeners', () => {
  test('hear of the outbox and of changes in both processes, and no more once they are gone', async () => {
    const heard = new Watched<string>();
    const stops = [
      world.notifier.onOutbox(() => heard.add('outbox here')),
      other.onOutbox(() => heard.add('outbox there')),
      other.onChange((resource) => heard.add(`${resource} there`)),
    ];
    world.notifier.outboxFilled();
    world.notifier.changed('r1');
    await heard.until(
      (items) => items.includes('r1 there') && items.includes('outbox there') && items.includes('outbox here'),
    );
    stops.forEach((stop) => stop());
    const before = heard.items.length;
    const waiting = other.wait('r2', LONG);
    world.notifier.outboxFilled();
    world.notifier.changed('r2');
    await waiting;
    expect(heard.items).toHaveLength(before);
  });

  test('a process does not hear its own notifications a second time', async () => {
    const heard = new Watched<string | null>();
    const stop = world.notifier.onChange((resource) => heard.add(resource));
    const echoed = other.wait('once', LONG);
    world.notifier.changed('once');
    await echoed;
    // What comes back on the connection comes in order: had the first come back, it would be here before the second.
    const answered = world.notifier.wait('answer', LONG);
    other.changed('answer');
    await answered;
    stop();
    expect(heard.items).toEqual(['once', 'answer']);
  });
});

describe('a lost connection', () => {
  test('wakes everybody once it is back, and carries changes again', async () => {
    const waiting = [other.wait(newId(), LONG), world.notifier.wait(newId(), LONG)];
    await loseConnections();
    expect(await Promise.all(waiting)).toEqual([true, true]);
    const resource = newId();
    const next = other.wait(resource, LONG);
    world.notifier.changed(resource);
    expect(await next).toBe(true);
  });

  test('delays a change that is made meanwhile, and does not lose it', async () => {
    const before = await listenerPids();
    const losing = new Notifier({ url: world.url, logger: world.logger });
    await losing.start();
    const pid = (await listenerPids()).find((known) => !before.includes(known));
    const resource = newId();
    const waiting = other.wait(resource, LONG);
    await world.admin.query('select pg_terminate_backend($1)', [pid]);
    losing.changed(resource);
    expect(await waiting).toBe(true);
    await losing.stop();
  });
});
