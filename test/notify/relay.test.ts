import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ClaimedMessage, Delivery } from '../../src/notify/relay/handler.ts';
import { newId } from '../../src/platform/ids.ts';
import type { OutboxMessage, Transaction } from '../../src/platform/unit-of-work.ts';
import { lane, startRelay, type StartedRelay } from './support/relays.ts';
import { Watched } from './support/watched.ts';
import { type OutboxRowSeen, World } from './support/world.ts';

let world: World;
let organization: string;
const started: StartedRelay[] = [];

beforeAll(async () => {
  world = await World.open();
  organization = await world.organization();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map(({ relay }) => relay.stop(5_000)));
  await world.admin.query('delete from countersign.outbox');
});

afterAll(() => world.close());

function start(
  ...parameters: Parameters<typeof startRelay> extends [World, ...infer Rest] ? Rest : never
): StartedRelay {
  const relay = startRelay(world, ...parameters);
  started.push(relay);
  return relay;
}

function mail(text: string | null = 'body', subjects: string[] = [organization]): OutboxMessage {
  return {
    id: newId(),
    channel: 'mail',
    reference: { about: 'x' },
    ...(text === null ? {} : { body: { subjects, text } }),
  };
}

const delivered: Delivery = { outcome: 'delivered' };

describe('delivering', () => {
  test('hands over what was enqueued, opened, and removes it afterwards', async () => {
    const seen = new Watched<ClaimedMessage>();
    const { metrics } = start({ mail: lane(async (message) => (seen.add(message), delivered)) });
    const [one, two] = [mail('for one'), mail(null)];
    await world.enqueue(organization, one, two);
    await metrics.times('delivered', 2);
    expect(seen.items.find(({ id }) => id === one.id)).toMatchObject({
      organization,
      channel: 'mail',
      reference: { about: 'x' },
      body: 'for one',
      attempts: 1,
    });
    expect(seen.items.find(({ id }) => id === two.id)).toMatchObject({ body: null });
    expect(await world.outbox()).toEqual([]);
  });

  test('finds what was waiting when it starts, of every organization', async () => {
    const others = [await world.organization(), await world.organization()];
    for (const owner of others) await world.enqueue(owner, mail('x', [owner]));
    const { metrics } = start({ mail: lane(async () => delivered) });
    await metrics.times('delivered', 2);
    expect(await world.outbox()).toEqual([]);
  });

  test('waits until a message is due, without being called again', async () => {
    const { metrics } = start({ mail: lane(async () => delivered) });
    const dueAt = new Date(Date.now() + 400);
    await world.enqueue(organization, { ...mail(), dueAt });
    await metrics.times('delivered', 1);
    expect(Date.now()).toBeGreaterThanOrEqual(dueAt.getTime());
    expect(metrics.lags[0]).toBeLessThan(5_000);
  });

  test('leaves channels alone that it does not serve', async () => {
    const { metrics } = start({ mail: lane(async () => delivered) });
    await world.enqueue(organization, { ...mail(), channel: 'webhook' }, mail());
    await metrics.times('delivered', 1);
    expect(await world.outbox()).toMatchObject([{ attempts: 0 }]);
  });
});

describe('several relays', () => {
  test('three at once deliver every message exactly once', async () => {
    const counts = new Map<string, number>();
    const deliver = async ({ id }: ClaimedMessage) => (counts.set(id, (counts.get(id) ?? 0) + 1), delivered);
    const relays = [1, 2, 3].map(() => start({ mail: lane(deliver, { concurrency: 4 }) }));
    const messages = Array.from({ length: 400 }, () => mail(null));
    const done = new Watched<string>();
    for (const { metrics } of relays) metrics.add = () => done.add('one');
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => world.enqueue(organization, ...messages.slice(i * 10, i * 10 + 10))),
    );
    await done.count(messages.length);
    expect(counts.size).toBe(messages.length);
    expect(new Set(counts.values())).toEqual(new Set([1]));
    expect(await world.outbox()).toEqual([]);
  });

  test('an attempt that takes longer than a lease stays with whoever began it', async () => {
    const begun = new Watched<string>();
    const finish = Promise.withResolvers<void>();
    const slow = lane(async ({ id }) => {
      begun.add(id);
      await finish.promise;
      return delivered;
    });
    const parts = { leaseMs: 300, pollMs: 50 };
    const first = start({ mail: slow }, parts);
    await world.enqueue(organization, mail());
    await begun.count(1);
    start({ mail: slow }, parts);
    const claimedUntil = (await world.outbox())[0]!.due_at;
    await untilRow(({ due_at }) => due_at.getTime() > claimedUntil.getTime() + 600);
    finish.resolve();
    await first.metrics.times('delivered', 1);
    expect(begun.items).toHaveLength(1);
  });

  test('a relay that is killed delays what it held by 20 s at most, unless told otherwise', async () => {
    const begun = new Watched<string>();
    const finish = Promise.withResolvers<Delivery>();
    start({ mail: lane(({ id }) => (begun.add(id), finish.promise)) });
    const before = Date.now();
    await world.enqueue(organization, mail());
    await begun.count(1);
    const heldUntil = (await world.outbox())[0]!.due_at.getTime();
    expect(heldUntil).toBeGreaterThan(before);
    expect(heldUntil).toBeLessThanOrEqual(Date.now() + 20_000);
    finish.resolve(delivered);
  });

  test('what a relay held that is gone is taken over when the lease ends', async () => {
    const stuck = new Watched<string>();
    const crashed = startRelay(
      world,
      { mail: lane(() => (stuck.add('x'), new Promise<never>(() => undefined))) },
      { leaseMs: 1_000 },
    );
    await world.enqueue(organization, mail());
    await stuck.count(1);
    await crashed.relay.stop(0); // its leases are renewed no more, and nothing of it is written
    const { metrics } = start({ mail: lane(async () => delivered) });
    await metrics.times('delivered', 1);
    expect(await world.outbox()).toEqual([]);
  });
});

/** Reads the one row again and again: leases and postponements move without anybody being told. */
async function untilRow(holds: (row: OutboxRowSeen) => boolean): Promise<void> {
  for (;;) {
    const [row] = await world.outbox();
    if (!row || holds(row)) return;
    await world.admin.query('select pg_sleep(0.02)');
  }
}

describe('failing', () => {
  test('is tried again with growing pauses, then succeeds', async () => {
    const answers: Delivery[] = [1, 2, 3].map(() => ({ outcome: 'retry', error: 'smtp-450' }));
    const { metrics } = start({ mail: lane(async () => answers.shift() ?? delivered) }, { random: () => 0 });
    await world.enqueue(organization, mail());
    for (const [attempt, pauseMs] of [1_000, 2_000, 4_000].entries()) {
      await metrics.times('retried', attempt + 1);
      const [row] = await world.outbox();
      expect(row).toMatchObject({ attempts: attempt + 1, last_error: 'smtp-450', failed_at: null });
      expect(row!.due_at.getTime() - world.clock.now().getTime()).toBeLessThanOrEqual(pauseMs);
      expect(row!.due_at.getTime() - world.clock.now().getTime()).toBeGreaterThan(pauseMs - 900);
      world.clock.advance(pauseMs);
      world.notifier.outboxFilled();
    }
    await metrics.times('delivered', 1);
    expect(await world.outbox()).toEqual([]);
  });

  test('a message that is given up loses its body, and is logged by its id', async () => {
    const given: [string, string][] = [];
    const hooks = {
      onGivenUp: (_tx: Transaction, { id }: ClaimedMessage, error: string) => void given.push([id, error]),
    };
    const { metrics } = start({
      mail: lane(async () => ({ outcome: 'given-up', error: 'smtp-550-5.1.1' }), { hooks }),
    });
    const message = mail('jane@example.com');
    await world.enqueue(organization, message);
    await metrics.times('given-up', 1);
    expect(await world.outbox()).toMatchObject([
      { id: message.id, body: null, last_error: 'smtp-550-5.1.1', failed_at: expect.any(Date) },
    ]);
    expect(given).toEqual([[message.id, 'smtp-550-5.1.1']]);
    const lines = world.logLines.filter((line) => line.includes(message.id));
    expect(lines.join()).toContain('smtp-550-5.1.1');
    expect(lines.join()).not.toContain('jane');
  });

  test('a retry that would come too late is given up', async () => {
    const { metrics } = start({
      mail: lane(async () => ({ outcome: 'retry', error: 'smtp-450' }), { retryForMs: 500 }),
    });
    await world.enqueue(organization, mail());
    await metrics.times('given-up', 1);
    expect(metrics.items).toEqual([{ what: 'given-up', channel: 'mail', code: 'smtp-450' }]);
  });

  test('a handler that throws is a retry, and takes nobody else along', async () => {
    const broken = mail('broken');
    const { metrics } = start({
      mail: lane(async ({ id }) => {
        if (id === broken.id) throw new TypeError('jane@example.com');
        return delivered;
      }),
    });
    await world.enqueue(organization, broken, mail(), mail());
    await Promise.all([metrics.times('delivered', 2), metrics.times('retried', 1)]);
    expect(await world.outbox()).toMatchObject([{ id: broken.id, last_error: 'handler-failed' }]);
    expect(world.logLines.join()).not.toContain('jane@example.com');
  });

  test('a postponed message counts no attempt', async () => {
    let first = true;
    const { metrics } = start({
      mail: lane(async () => {
        if (!first) return delivered;
        first = false;
        return { outcome: 'postponed', until: new Date(world.clock.now().getTime() + 60_000) };
      }),
    });
    await world.enqueue(organization, mail());
    await untilRow(({ attempts }) => attempts === 0 && !first);
    expect(await world.outbox()).toMatchObject([{ attempts: 0, last_error: null }]);
    world.clock.advance(60_000);
    world.notifier.outboxFilled();
    await metrics.times('delivered', 1);
  });
});

describe('bodies that do not open', () => {
  test('somebody it tells about was erased: given up, and no handler sees it', async () => {
    const person = await world.person(organization);
    await world.enqueue(organization, mail('about a person', [organization, person]));
    await world.erase(person);
    const work = world.workWith(world.freshVault());
    const seen: string[] = [];
    const { metrics } = start({ mail: lane(async ({ id }) => (seen.push(id), delivered)) }, { work });
    await metrics.times('given-up', 1);
    expect(metrics.items).toEqual([{ what: 'given-up', channel: 'mail', code: 'erased' }]);
    expect(seen).toEqual([]);
  });

  test.each(['not sealed at all', 'another row’s body'])('%s: given up, and the others go out', async (kind) => {
    const [damaged, good] = [mail('a'), mail('b')];
    await world.enqueue(organization, damaged, good);
    const replacement =
      kind === 'not sealed at all'
        ? `'\\x00ff'::bytea`
        : `(select body from countersign.outbox where id = '${good.id}')`;
    await world.admin.query(`update countersign.outbox set body = ${replacement} where id = $1`, [damaged.id]);
    const { metrics } = start({ mail: lane(async () => delivered) });
    await Promise.all([metrics.times('given-up', 1), metrics.times('delivered', 1)]);
    expect(await world.outbox()).toMatchObject([{ id: damaged.id, last_error: 'damaged' }]);
  });
});

describe('what is written along', () => {
  async function notesOf(messages: readonly OutboxMessage[]): Promise<string[]> {
    const ids = messages.map(({ id }) => id);
    const { rows } = await world.admin.query<{ resource_id: string }>(
      `select resource_id from countersign.audit_entries where action = 'message.retried' and resource_id = any($1)`,
      [ids],
    );
    return rows.map((row) => row.resource_id).toSorted();
  }
  const note = (tx: Transaction, { id }: ClaimedMessage) =>
    tx.record({ action: 'message.retried', resource: { type: 'message', id } });

  test('is committed with the removal, once per message', async () => {
    const { metrics } = start({ mail: lane(async () => delivered, { hooks: { onDelivered: note } }) });
    const messages = Array.from({ length: 30 }, () => mail(null));
    await world.enqueue(organization, ...messages);
    await metrics.times('delivered', 30);
    expect(await notesOf(messages)).toEqual(messages.map(({ id }) => id).toSorted());
  });

  test('where it is broken for one message, that one still goes, and the notes of the others are kept', async () => {
    const messages = Array.from({ length: 5 }, () => mail(null));
    const broken = messages[2]!.id;
    const onDelivered = (tx: Transaction, message: ClaimedMessage) => {
      if (message.id === broken) throw new Error('a defect');
      note(tx, message);
    };
    const { metrics } = start({ mail: lane(async () => delivered, { hooks: { onDelivered } }) });
    await world.enqueue(organization, ...messages);
    await metrics.times('delivered', 5);
    expect(await notesOf(messages)).toEqual(
      messages
        .map(({ id }) => id)
        .filter((id) => id !== broken)
        .toSorted(),
    );
    expect(await world.outbox()).toEqual([]);
  });
});

describe('what nobody needs any more', () => {
  test('goes unsent, and nobody is told', async () => {
    const [stale, good] = [mail(), mail()];
    const seen = new Watched<string>();
    const told: string[] = [];
    const hooks = {
      stillWanted: async ({ id }: ClaimedMessage) => id !== stale.id,
      onDelivered: (_tx: Transaction, { id }: ClaimedMessage) => void told.push(id),
      onGivenUp: (_tx: Transaction, { id }: ClaimedMessage) => void told.push(id),
    };
    start({ mail: lane(async ({ id }) => (seen.add(id), delivered), { hooks }) });
    await world.enqueue(organization, stale, good);
    await seen.until((items) => items.length > 0);
    for (const { relay } of started.splice(0)) await relay.stop(5_000);
    expect(seen.items).toEqual([good.id]);
    expect(told).toEqual([good.id]);
    expect(await world.outbox()).toEqual([]);
  });
});

describe('channels', () => {
  test('a slow one does not delay the others', async () => {
    const release = Promise.withResolvers<Delivery>();
    const held = new Watched<string>();
    const { metrics } = start({
      webhook: lane(({ id }) => (held.add(id), release.promise), { concurrency: 3 }),
      mail: lane(async () => delivered, { concurrency: 3 }),
    });
    await world.enqueue(
      organization,
      ...Array.from({ length: 40 }, (): OutboxMessage => ({ ...mail(null), channel: 'webhook' })),
    );
    await held.count(3);
    await world.enqueue(organization, ...Array.from({ length: 40 }, () => mail(null)));
    await metrics.until((items) => items.filter(({ channel }) => channel === 'mail').length === 40);
    expect(held.items).toHaveLength(3);
    release.resolve(delivered);
    await metrics.times('delivered', 80);
    expect(await world.outbox()).toEqual([]);
  });
});

describe('stopping', () => {
  test('finishes what was begun, gives back the rest at once, and claims nothing more', async () => {
    const begun = new Watched<string>();
    const release = Promise.withResolvers<Delivery>();
    const first = startRelay(world, { mail: lane(({ id }) => (begun.add(id), release.promise), { concurrency: 2 }) });
    await world.enqueue(organization, ...Array.from({ length: 6 }, () => mail(null)));
    await begun.count(2);
    const stopped = first.relay.stop(10_000);
    release.resolve(delivered);
    await stopped;
    const left = await world.outbox();
    expect(left.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0]);
    const second = start({ mail: lane(async () => delivered) });
    await second.metrics.times('delivered', 4);
  });

  test('breaks off what does not finish in time', async () => {
    const begun = new Watched<string>();
    const { relay, metrics } = startRelay(world, {
      mail: lane(({ id }, signal) => {
        begun.add(id);
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve({ outcome: 'retry', error: 'smtp-broken-off' })),
        );
      }),
    });
    await world.enqueue(organization, mail());
    await begun.count(1);
    await relay.stop(50);
    expect(metrics.items).toEqual([{ what: 'retried', channel: 'mail', code: 'smtp-broken-off' }]);
    expect(await world.outbox()).toMatchObject([{ last_error: 'smtp-broken-off' }]);
  });
});

describe('the relay’s database role', () => {
  test('sees the outbox and nothing else', async () => {
    const em = world.relayDatabase.fork(null);
    await expect(em.execute('select 1 from countersign.people')).rejects.toThrow(/permission denied/);
    await expect(em.execute('select 1 from keyring.subject_keys')).rejects.toThrow(/permission denied/);
    await expect(em.execute('delete from countersign.outbox')).rejects.toThrow(/permission denied/);
  });
});
