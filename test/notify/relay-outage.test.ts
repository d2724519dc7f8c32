import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ClaimedMessage } from '../../src/notify/relay/handler.ts';
import { newId } from '../../src/platform/ids.ts';
import type { OutboxMessage, Transaction } from '../../src/platform/unit-of-work.ts';
import { lane, startRelay } from './support/relays.ts';
import { Watched } from './support/watched.ts';
import { World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
});

afterAll(() => world.close());

test('a database that drops its connections again and again delays messages, loses none, and has each of them noted once', async () => {
  const organization = await world.organization();
  const tried = new Watched<string>();
  const deliver = async ({ id }: ClaimedMessage) => {
    tried.add(id);
    return { outcome: 'delivered' as const };
  };
  const onDelivered = (tx: Transaction, { id }: ClaimedMessage) =>
    tx.record({ action: 'message.retried', resource: { type: 'message', id } });
  const { relay } = startRelay(
    world,
    { mail: lane(deliver, { concurrency: 4, hooks: { onDelivered } }) },
    { leaseMs: 1_000 },
  );
  const messages = Array.from({ length: 120 }, (): OutboxMessage => ({ id: newId(), channel: 'mail', reference: {} }));
  await world.enqueue(organization, ...messages);
  for (const count of [10, 40, 80]) {
    await tried.count(count);
    await world.admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
  }
  while ((await world.outbox()).length > 0) await world.admin.query('select pg_sleep(0.02)');
  await relay.stop(5_000);
  const ids = messages.map(({ id }) => id).toSorted();
  expect([...new Set(tried.items)].toSorted()).toEqual(ids);
  const { rows } = await world.admin.query<{ resource_id: string }>(
    `select resource_id from countersign.audit_entries where action = 'message.retried' order by resource_id`,
  );
  expect(rows.map((row) => row.resource_id)).toEqual(ids);
});
