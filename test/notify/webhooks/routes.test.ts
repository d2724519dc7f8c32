import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { Receiver } from '../support/receiver.ts';
import { verified } from '../support/webhook-world.ts';

let system: TestSystem;
const receiver = new Receiver();

beforeAll(async () => {
  await receiver.start();
  system = await startTestSystem();
});

afterAll(async () => {
  await system.stop();
  await receiver.stop();
});

async function makeWebhook(events: string[] = ['*']): Promise<{ id: string; secret: string }> {
  return system.need('POST', '/api/v1/webhooks', { url: receiver.url, events });
}

describe('a service that asks', () => {
  test('learns what becomes of its request, can look up what it was sent, and have it sent again', async () => {
    await system.need('POST', '/api/v1/teams', { id: 'hooks', name: 'Hooks' });
    await system.person('hooks', 'asker', ['member']);
    const approver = await system.person('hooks', 'approver', ['manager']);
    const made = await system.api('POST', '/api/v1/webhooks', {
      url: receiver.url,
      events: ['approval.created', 'approval.decided'],
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: expect.any(String),
        url: receiver.url,
        events: ['approval.created', 'approval.decided'],
        secret: expect.stringMatching(/^whsec_/),
        created_at: expect.any(String),
      },
    });
    const { id, secret } = made.body;
    const chain = { stages: [{ approvers: [{ user_id: 'approver' }] }] };
    const approval = await system.need('POST', '/api/v1/approvals', {
      team_id: 'hooks',
      kind: 'generic',
      title: 'Something',
      requester_id: 'asker',
      chain,
    });
    await system.need('POST', `/api/v1/approvals/${approval.id}/decisions`, { decision: 'approve' }, approver);
    await receiver.received.count(2);
    const told = receiver.received.items.map((request) => verified(request, secret) as { type: string; data: object });
    expect(told.toSorted((a, b) => a.type.localeCompare(b.type))).toMatchObject([
      {
        type: 'approval.created',
        data: {
          approval: { id: approval.id, state: 'pending', title: 'Something', team_id: 'hooks', requester_id: 'asker' },
        },
      },
      { type: 'approval.decided', data: { approval: { id: approval.id, state: 'approved' } } },
    ]);
    const delivered = await system.until(async () => {
      const { items } = await system.need('GET', `/api/v1/webhooks/${id}/deliveries`);
      return items.length === 2 && items.every((item: { state: string }) => item.state === 'delivered') ? items : null;
    }, 'both deliveries are logged as delivered');
    expect(delivered[0]).toEqual({
      id: expect.any(String),
      event_id: expect.any(String),
      event: 'approval.decided',
      state: 'delivered',
      attempts: 1,
      last_status: 204,
      last_error: null,
      created_at: expect.any(String),
      last_attempt_at: expect.any(String),
      delivered_at: expect.any(String),
    });
    const replayed = await system.api(
      'POST',
      `/api/v1/webhooks/${id}/deliveries/${delivered[0].id}/replay`,
      undefined,
      undefined,
      { 'idempotency-key': 'replay-1' },
    );
    expect(replayed).toMatchObject({ status: 201, body: { event_id: delivered[0].event_id, state: 'pending' } });
    await receiver.received.count(3);
    expect(receiver.received.items[2]!.headers['webhook-id']).toBe(delivered[0].event_id);
    const repeated = await system.api(
      'POST',
      `/api/v1/webhooks/${id}/deliveries/${delivered[0].id}/replay`,
      undefined,
      undefined,
      { 'idempotency-key': 'replay-1' },
    );
    expect(repeated.body).toEqual(replayed.body);
    expect((await system.api('DELETE', `/api/v1/webhooks/${id}`)).status).toBe(204);
    expect((await system.api('DELETE', `/api/v1/webhooks/${id}`)).status).toBe(404);
  });
});

describe('the secret', () => {
  test('is in the first answer only', async () => {
    const body = { url: receiver.url, events: ['*'] };
    const first = await system.api('POST', '/api/v1/webhooks', body, undefined, { 'idempotency-key': 'make-1' });
    const again = await system.api('POST', '/api/v1/webhooks', body, undefined, { 'idempotency-key': 'make-1' });
    expect(again.status).toBe(201);
    expect(again.body).toEqual({ ...first.body, secret: null });
    const { items } = await system.need('GET', '/api/v1/webhooks?limit=200');
    expect(items.filter((item: { id: string }) => item.id === first.body.id)).toEqual([
      await system.need('GET', `/api/v1/webhooks/${first.body.id}`),
    ]);
    expect(await system.need('GET', `/api/v1/webhooks/${first.body.id}`)).toEqual({
      id: first.body.id,
      url: receiver.url,
      events: ['*'],
      created_at: first.body.created_at,
      disabled_at: null,
      disabled_reason: null,
    });
  });
});

describe('bad input', () => {
  const url = 'http://127.0.0.1:9/';
  test.each<[string, object, string]>([
    ['no URL at all', { events: ['*'] }, 'url'],
    ['a URL that is none', { url: 'nonsense', events: ['*'] }, 'url'],
    ['another protocol', { url: 'ftp://example.com/', events: ['*'] }, 'url'],
    ['a URL without end', { url: `https://example.com/${'x'.repeat(3_000)}`, events: ['*'] }, 'url'],
    ['no list of events', { url }, 'events'],
    ['no events', { url, events: [] }, 'events'],
    ['an event that there is not', { url, events: ['approval.unheard_of'] }, 'events.0'],
    ['the same event twice', { url, events: ['*', '*'] }, 'events'],
    ['a field that there is not', { url, events: ['*'], secret: 'mine' }, 'secret'],
  ])('%s is refused where it is wrong', async (_name, body, path) => {
    const { items: before } = await system.need('GET', '/api/v1/webhooks?limit=200');
    const answer = await system.api('POST', '/api/v1/webhooks', body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ type: '/problems/invalid-request' });
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path]);
    expect((await system.need('GET', '/api/v1/webhooks?limit=200')).items).toEqual(before);
  });

  test.each([
    ['GET', '/api/v1/webhooks/not-an-id/deliveries', 404],
    ['GET', '/api/v1/webhooks/00000000-0000-7000-8000-000000000000/deliveries', 404],
    ['DELETE', '/api/v1/webhooks/00000000-0000-7000-8000-000000000000', 404],
    ['GET', '/api/v1/webhooks?limit=0', 400],
    ['GET', '/api/v1/webhooks?cursor=zzz', 400],
  ])('%s %s is %d', async (method, path, status) => {
    expect((await system.api(method, path)).status).toBe(status);
  });
});

describe('who may', () => {
  test('another organization’s webhook is not found, a member may not, and nobody without a key', async () => {
    const { id } = await makeWebhook();
    const { owner_key: stranger } = await system.need('POST', '/api/v1/organizations', { name: 'Strangers' });
    expect((await system.api('GET', `/api/v1/webhooks/${id}/deliveries`, undefined, stranger)).status).toBe(404);
    expect((await system.api('DELETE', `/api/v1/webhooks/${id}`, undefined, stranger)).status).toBe(404);
    expect((await system.need('GET', '/api/v1/webhooks', undefined, stranger)).items).toEqual([]);
    await system.need('POST', '/api/v1/teams', { id: 'others', name: 'Others' });
    const member = await system.person('others', 'someone', ['member']);
    expect((await system.api('GET', '/api/v1/webhooks', undefined, member)).status).toBe(403);
    expect((await system.api('GET', '/api/v1/webhooks', undefined, '')).status).toBe(401);
  });
});
