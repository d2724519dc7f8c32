import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AddressGuard } from '../../../src/notify/webhooks/address.ts';
import { newId } from '../../../src/platform/ids.ts';
import { Receiver } from '../support/receiver.ts';
import type { StartedRelay } from '../support/relays.ts';
import { ownerOf, verified, WebhookWorld } from '../support/webhook-world.ts';
import { originOf, World } from '../support/world.ts';

let world: World;
let webhooks: WebhookWorld;
let organization: string;
let receiver: Receiver;
let started: StartedRelay[] = [];

beforeAll(async () => {
  world = await World.open();
  webhooks = new WebhookWorld(world);
});

beforeEach(async () => {
  organization = await world.organization();
  receiver = new Receiver();
  await receiver.start();
});

afterEach(async () => {
  await Promise.all(started.map(({ relay }) => relay.stop(5_000)));
  started = [];
  await receiver.stop();
  await world.admin.query('delete from countersign.outbox');
});

afterAll(async () => {
  await webhooks.guard.close();
  await world.close();
});

function start(...parameters: Parameters<WebhookWorld['start']>): StartedRelay['metrics'] {
  const relay = webhooks.start(...parameters);
  started.push(relay);
  return relay.metrics;
}

function later(ms = 16 * 60_000): void {
  world.clock.advance(ms);
  world.notifier.outboxFilled();
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end();

describe('an event', () => {
  test('arrives signed, once, and is logged as delivered', async () => {
    const person = await world.person(organization);
    const { id, secret } = await webhooks.make(organization, `${receiver.url}?a=b`);
    const metrics = start();
    await webhooks.publish(organization, {
      type: 'approval.decided',
      data: { approval: { state: 'approved', title: 'Größe' } },
      subjects: [person],
    });
    await metrics.times('delivered', 1);
    const [request] = receiver.received.items;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/hook?a=b',
      headers: { 'content-type': 'application/json' },
    });
    const [delivery] = (await webhooks.deliveries(organization, id)).items;
    expect(delivery).toMatchObject({
      state: 'delivered',
      attempts: 1,
      lastStatus: 204,
      lastError: null,
      eventType: 'approval.decided',
      deliveredAt: expect.any(Date),
      lastAttemptAt: expect.any(Date),
    });
    expect(verified(request!, secret)).toEqual({
      type: 'approval.decided',
      timestamp: delivery!.createdAt.toISOString(),
      data: { approval: { state: 'approved', title: 'Größe' } },
    });
    expect(request!.headers['webhook-id']).toBe(delivery!.event);
    expect(await world.outbox()).toEqual([]);
  });

  test('goes to those who want it, under one id, and to nobody else’s organization', async () => {
    const stranger = await world.organization();
    await webhooks.make(organization, `${receiver.url}/all`);
    await webhooks.make(organization, `${receiver.url}/decided`, ['approval.decided', 'approval.created']);
    await webhooks.make(organization, `${receiver.url}/escalated`, ['approval.escalated']);
    await webhooks.make(stranger, `${receiver.url}/stranger`);
    const metrics = start();
    await webhooks.publish(organization, { type: 'approval.decided' });
    await metrics.times('delivered', 2);
    expect(receiver.received.items.map(({ path }) => path).toSorted()).toEqual(['/hook/all', '/hook/decided']);
    expect(new Set(receiver.received.items.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(await world.outbox()).toEqual([]);
  });

  test('is nothing at all where nobody wants it', async () => {
    await webhooks.publish(organization);
    expect(await world.outbox()).toEqual([]);
  });

  test('is heard by a webhook that was made a moment ago, and not by one that was just deleted', async () => {
    await webhooks.publish(organization); // nobody is remembered from now on
    const { id } = await webhooks.make(organization, receiver.url);
    await webhooks.publish(organization);
    expect(await world.outbox()).toHaveLength(1);
    await webhooks.service.delete(ownerOf(organization), originOf(organization), id);
    await webhooks.publish(organization);
    expect(await world.outbox()).toHaveLength(1);
  });

  test('waits in the database sealed, address and secret too', async () => {
    const { secret } = await webhooks.make(organization, `${receiver.url}/credential-in-path`);
    await webhooks.publish(organization, { data: { title: 'a very private title' } });
    const { rows } = await world.admin.query<{
      row: string;
    }>(`select encode(d.body, 'escape') || encode(w.target, 'escape') || o.reference::text as row
      from countersign.outbox o join countersign.webhook_deliveries d on d.id = (o.reference->>'delivery')::uuid join countersign.webhooks w on w.id = d.webhook_id`);
    expect(rows).toHaveLength(1);
    expect(rows[0]!.row).not.toMatch(/private title|credential-in-path|127\.0\.0\.1/);
    expect(rows[0]!.row).not.toContain(secret.slice(6, 20));
  });
});

describe('a receiver that fails', () => {
  test('gets the same event again later, with a signature of that moment', async () => {
    const { id, secret } = await webhooks.make(organization, receiver.url);
    receiver.answer = status(500);
    const metrics = start();
    await webhooks.publish(organization);
    await metrics.times('retried', 1);
    expect((await webhooks.deliveries(organization, id)).items).toMatchObject([
      { state: 'pending', attempts: 1, lastStatus: 500, lastError: 'http-500', deliveredAt: null },
    ]);
    receiver.answer = status(200);
    later(5_000);
    await metrics.times('delivered', 1);
    const [first, second] = receiver.received.items;
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(Number(second!.headers['webhook-timestamp'])).toBeGreaterThan(Number(first!.headers['webhook-timestamp']));
    expect(second!.body).toBe(first!.body);
    for (const request of [first!, second!])
      expect(verified(request, secret)).toMatchObject({ type: 'approval.decided' });
    expect((await webhooks.deliveries(organization, id)).items).toMatchObject([
      { state: 'delivered', attempts: 2, lastStatus: 200, lastError: null },
    ]);
  });

  test('is tried for a day, then the delivery has failed', async () => {
    const { id } = await webhooks.make(organization, receiver.url);
    receiver.answer = status(503);
    const metrics = start();
    await webhooks.publish(organization);
    await metrics.times('retried', 1);
    later(23.9 * 3_600_000);
    await metrics.times('retried', 2);
    later();
    await metrics.times('given-up', 1);
    expect((await webhooks.deliveries(organization, id)).items).toMatchObject([
      { state: 'failed', attempts: 3, lastStatus: 503 },
    ]);
    expect(await world.outbox()).toMatchObject([{ failed_at: expect.any(Date), last_error: 'http-503' }]);
  });

  test('may say when to come back', async () => {
    await webhooks.make(organization, receiver.url);
    receiver.answer = status(429, { 'retry-after': '120' });
    const metrics = start();
    await webhooks.publish(organization);
    await metrics.times('retried', 1);
    const [row] = await world.outbox();
    const pause = row!.due_at.getTime() - world.clock.now().getTime();
    expect(pause).toBeGreaterThan(110_000);
    expect(pause).toBeLessThanOrEqual(121_000);
  });

  test('and says 410 is told nothing more, and the list and the audit log say so', async () => {
    const { id } = await webhooks.make(organization, receiver.url);
    receiver.answer = status(410);
    const metrics = start();
    await webhooks.publish(organization);
    await metrics.times('given-up', 1);
    const { row } = await webhooks.service.read(ownerOf(organization), id);
    expect(row.disabledAt).toBeInstanceOf(Date);
    expect((await webhooks.service.list(ownerOf(organization), { limit: 10 })).items).toHaveLength(1);
    const [delivery] = (await webhooks.deliveries(organization, id)).items;
    expect(delivery).toMatchObject({ state: 'failed', lastStatus: 410 });
    await expect(
      webhooks.service.replay(
        ownerOf(organization),
        originOf(organization),
        { webhook: id, delivery: delivery!.id },
        { id: newId(), repeated: false },
      ),
    ).rejects.toMatchObject({ code: 'invalid-request' });
    const { rows } = await world.admin.query(
      'select action, resource_id from countersign.audit_entries where organization_id = $1 order by at',
      [organization],
    );
    expect(rows).toEqual([
      { action: 'webhook.created', resource_id: id },
      { action: 'webhook.disabled', resource_id: id },
    ]);
    await webhooks.publish(organization);
    expect(await world.outbox()).toHaveLength(1); // the failed one
    await webhooks.service.delete(ownerOf(organization), originOf(organization), id);
    expect((await webhooks.service.list(ownerOf(organization), { limit: 10 })).items).toEqual([]);
  });

  test('is not followed where it redirects to', async () => {
    const elsewhere = new Receiver();
    await elsewhere.start();
    await webhooks.make(organization, receiver.url);
    receiver.answer = status(307, { location: elsewhere.url });
    const metrics = start();
    await webhooks.publish(organization);
    await metrics.times('retried', 1);
    expect(metrics.items).toMatchObject([{ code: 'http-307' }]);
    expect(elsewhere.received.items).toEqual([]);
    await elsewhere.stop();
  });

  test('and never answers is left after the time it has', async () => {
    await webhooks.make(organization, receiver.url);
    receiver.answer = () => undefined;
    const metrics = start({ timeoutMs: 200 });
    await webhooks.publish(organization);
    await metrics.times('retried', 1);
    expect(metrics.items).toMatchObject([{ code: 'timeout' }]);
  });

  test('and is not there is tried again', async () => {
    await webhooks.make(organization, 'http://127.0.0.1:1/');
    const metrics = start();
    await webhooks.publish(organization);
    await metrics.times('retried', 1);
    expect(metrics.items).toMatchObject([{ code: 'connection-refused' }]);
  });

  test('and answers without end is cut off after a kilobyte', async () => {
    await webhooks.make(organization, receiver.url);
    const cutOff = Promise.withResolvers<void>();
    receiver.answer = (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
      void once(response, 'close').then(() => {
        clearInterval(timer);
        cutOff.resolve();
      });
    };
    const metrics = start();
    await webhooks.publish(organization);
    await Promise.all([metrics.times('delivered', 1), cutOff.promise]);
  });
});

describe('what must not be sent', () => {
  test('to a private address: never connected to, tried again, and the log does not name it', async () => {
    await webhooks.make(organization, receiver.url);
    const metrics = start({ guard: new AddressGuard({ allowPrivate: false }) });
    await webhooks.publish(organization);
    await metrics.times('retried', 1);
    expect(metrics.items).toMatchObject([{ code: 'address-not-allowed' }]);
    expect(receiver.received.items).toEqual([]);
    expect(world.logLines.join()).not.toContain('127.0.0.1');
  });

  test('about somebody who was erased meanwhile', async () => {
    const person = await world.person(organization);
    const { id } = await webhooks.make(organization, receiver.url);
    await webhooks.publish(organization, { subjects: [person] });
    await world.erase(person);
    const metrics = start({ fresh: true });
    await metrics.times('given-up', 1);
    expect(receiver.received.items).toEqual([]);
    expect((await webhooks.deliveries(organization, id)).items).toMatchObject([
      { state: 'failed', lastError: 'erased', lastStatus: null },
    ]);
  });

  test('to a webhook that was deleted after the event', async () => {
    await webhooks.make(organization, receiver.url);
    await webhooks.publish(organization);
    await world.admin.query('update countersign.webhooks set deleted_at = now() where organization_id = $1', [
      organization,
    ]);
    const metrics = start();
    await metrics.times('given-up', 1);
    expect(metrics.items).toMatchObject([{ code: 'webhook-deleted' }]);
    expect(receiver.received.items).toEqual([]);
  });
});

describe('a receiver that never answers', () => {
  test('takes a few places and leaves the others to everybody else', async () => {
    const dead = new Receiver();
    dead.answer = () => undefined;
    await dead.start();
    await webhooks.make(organization, dead.url, ['approval.created']);
    await webhooks.make(organization, receiver.url, ['approval.decided']);
    const metrics = start({ timeoutMs: 3_600_000 });
    await webhooks.publish(organization, ...Array.from({ length: 50 }, () => ({ type: 'approval.created' as const })));
    await dead.received.count(4);
    await webhooks.publish(organization, ...Array.from({ length: 50 }, () => ({ type: 'approval.decided' as const })));
    // Its own fifty go through a few places at a time as well: those that find none come back later.
    const patience = setInterval(() => later(11_000), 100);
    await metrics.times('delivered', 50);
    clearInterval(patience);
    expect(dead.received.items).toHaveLength(4);
    await dead.stop();
  });
});
