import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiAnswer } from '../../support/api-caller.ts';
import type { ApiCaller } from '../../support/api-caller.ts';
import { type Product, startProduct } from '../../workflows/support/product.ts';
import { House, problem, stage } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({ a: ['member'], b: ['member'] });
});

afterAll(() => house?.close());

function post(path: string, body: unknown, key: string, as?: string, api: ApiCaller = house.api): Promise<ApiAnswer> {
  return api.call('POST', path, body, as ? house.key(as) : undefined, { 'idempotency-key': key });
}

describe('the same Idempotency-Key with the same body', () => {
  test('makes one request, and is answered as the first time', async () => {
    const body = house.body([stage(['a'])]);
    const first = await post('/api/v1/approvals', body, 'create-1');
    await house.decide(first.body.id, 'a');
    const second = await post('/api/v1/approvals', body, 'create-1');
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(second.body.state).toBe('pending');
  });

  test('at the same moment makes one, too', async () => {
    const body = house.body([stage(['a'])]);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('/api/v1/approvals', body, 'create-at-once')),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  });

  test('decides once, and is answered as the first time, also after the request has gone on', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })]);
    const path = `/api/v1/approvals/${id}/decisions`;
    const first = await post(path, { decision: 'approve', comment: 'Once' }, 'decide-1', 'a');
    await house.decide(id, 'b');
    expect(await post(path, { decision: 'approve', comment: 'Once' }, 'decide-1', 'a')).toMatchObject({
      status: 200,
      body: first.body,
    });
    expect((await house.api.timeline(id)).filter((item) => item.type === 'decided')).toHaveLength(2);
  });

  test.each([
    ['/api/v1/api-keys', { service_name: 'robot' }, 'key'],
    ['/api/v1/webhooks', { url: 'http://127.0.0.1:9/hook', events: ['*'] }, 'secret'],
    ['/api/v1/organizations', { name: 'Another' }, 'owner_key'],
  ])('shows the secret of %s once', async (path, body, secret) => {
    const first = await post(path, body, `secret-${secret}`);
    expect(first.body[secret].length).toBeGreaterThan(20);
    expect(await post(path, body, `secret-${secret}`)).toMatchObject({
      status: 201,
      body: { ...first.body, [secret]: null },
    });
  });

  test('withdraws, reassigns and reminds once', async () => {
    const { id } = await house.ask([stage(['a'])]);
    for (const [action, body] of [
      ['remind', {}],
      ['reassign', { from_user_id: 'a', to_user_id: 'b' }],
      ['withdraw', {}],
    ] as const) {
      const first = await post(`/api/v1/approvals/${id}/${action}`, body, `${action}-1`);
      expect(first.status).toBe(200);
      expect(await post(`/api/v1/approvals/${id}/${action}`, body, `${action}-1`)).toMatchObject({
        status: 200,
        body: first.body,
      });
    }
    expect(await house.timelineTypes(id)).toEqual(['created', 'stage_opened', 'reminded', 'reassigned', 'withdrawn']);
  });
});

describe('the same Idempotency-Key', () => {
  test('with another body is a conflict, and changes nothing', async () => {
    await post('/api/v1/approvals', house.body([stage(['a'])]), 'conflict-1');
    const before = (await house.api.need('GET', '/api/v1/approvals?limit=200')).items.length;
    expect(await post('/api/v1/approvals', house.body([stage(['b'])]), 'conflict-1')).toMatchObject({
      status: 409,
      body: problem('idempotency-conflict'),
    });
    expect(await post('/api/v1/approvals/preview', house.body([stage(['a'])]), 'conflict-1')).toMatchObject({
      status: 409,
      body: problem('idempotency-conflict'),
    });
    expect((await house.api.need('GET', '/api/v1/approvals?limit=200')).items).toHaveLength(before);
  });

  test('of another caller is another key', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })]);
    for (const user of ['a', 'b'])
      expect((await post(`/api/v1/approvals/${id}/decisions`, { decision: 'approve' }, 'shared', user)).status).toBe(
        200,
      );
    expect(await house.api.read(id)).toMatchObject({ state: 'approved' });
  });

  test('may be used again where the first request was not understood', async () => {
    expect((await post('/api/v1/approvals', house.body([stage(['nobody'])]), 'corrected')).status).toBe(400);
    expect((await post('/api/v1/approvals', house.body([stage(['a'])]), 'corrected')).status).toBe(201);
  });

  test('has to be visible ASCII of at most 255 characters', async () => {
    expect(await post('/api/v1/approvals', house.body([stage(['a'])]), 'x'.repeat(256))).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'header.idempotency-key' }] },
    });
  });
});

describe('after a restart', () => {
  test('the same keys are answered the same, and everything goes on', async () => {
    const body = house.body([stage(['a', 'b'], { required: 2 })], { title: 'Survives' });
    const created = await post('/api/v1/approvals', body, 'restart-create');
    const path = `/api/v1/approvals/${created.body.id}/decisions`;
    const decided = await post(path, { decision: 'approve', comment: 'Before' }, 'restart-decide', 'a');
    const { surroundings, config } = house.system.core;
    await house.system.stopWorker();
    const restarted: Product = await startProduct({
      ...surroundings,
      ownerKey: house.system.ownerKey,
      environment: { TEMPORAL_TASK_QUEUE: config.temporal.taskQueue },
    });
    try {
      await restarted.startWorker();
      expect(await post('/api/v1/approvals', body, 'restart-create', undefined, restarted.api)).toMatchObject({
        status: 201,
        body: created.body,
      });
      expect(
        await post(path, { decision: 'approve', comment: 'Before' }, 'restart-decide', 'a', restarted.api),
      ).toMatchObject({ status: 200, body: decided.body });
      expect(await post(path, { decision: 'reject' }, 'restart-decide', 'a', restarted.api)).toMatchObject({
        status: 409,
        body: problem('idempotency-conflict'),
      });
      expect(await restarted.api.decide(created.body.id, house.key('b'), 'approve')).toMatchObject({
        status: 200,
        body: { state: 'approved', title: 'Survives' },
      });
    } finally {
      await restarted.stop();
      await house.system.startWorker();
    }
  });
});
