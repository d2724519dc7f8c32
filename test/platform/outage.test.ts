import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { ApiAnswer } from '../support/api-caller.ts';
import { type ApiCaller, until } from '../support/api-caller.ts';
import { type Product, startProduct } from '../workflows/support/product.ts';
import { Proxy } from './support/proxy.ts';

/** The longest that a request waits for what does not answer, and some time for a machine that is busy. */
const ANSWERED_WITHIN_MS = 14_000;
/** What the relay carries out because a request could not: it waits 15 s for the request to do so itself. */
const GOES_ON_WITHIN_MS = 45_000;

let database: TestDatabase;
let toDatabase: Proxy;
let toTemporal: Proxy;
let product: Product;
let api: ApiCaller;
const keys: Record<string, string> = {};

beforeAll(async () => {
  database = await createTestDatabase();
  const [host = '', port] = (process.env['TEST_TEMPORAL_ADDRESS'] ?? '').split(':');
  toTemporal = await Proxy.to(host, Number(port));
  const url = new URL(database.url);
  toDatabase = await Proxy.to(url.hostname, Number(url.port));
  url.port = String(toDatabase.port);
  product = await startProduct({ databaseUrl: url.href, temporalAddress: toTemporal.address });
  await product.startWorker();
  api = product.api;
  await api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  for (const user of ['asker', 'a', 'b']) keys[user] = await api.person('research', user, ['member']);
});

afterAll(async () => {
  await product?.stop();
  await toDatabase?.cut();
  await toTemporal?.cut();
  await database?.drop();
});

function ask(stage: Record<string, unknown> = {}) {
  return api.ask({
    team_id: 'research',
    requester_id: 'asker',
    chain: { stages: [{ approvers: [{ user_id: 'a' }], ...stage }] },
  });
}

const newRequest = {
  team_id: 'research',
  kind: 'spend',
  title: 'While it is away',
  requester_id: 'asker',
  chain: { stages: [{ approvers: [{ user_id: 'a' }] }] },
};

/** The answer, which has to come in time and to be the problem that says so. */
async function expectUnavailable(work: Promise<ApiAnswer>): Promise<void> {
  const began = performance.now();
  const { status, body, headers } = await work;
  expect({
    status,
    type: body?.type,
    json: headers.get('content-type')?.startsWith('application/problem+json'),
  }).toEqual({ status: 503, type: '/problems/unavailable', json: true });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(JSON.stringify(body)).not.toMatch(/ECONN|postgres|grpc|127\.0\.0\.1/i);
  expect(performance.now() - began).toBeLessThan(ANSWERED_WITHIN_MS);
}

async function titles(): Promise<string[]> {
  return (await api.need('GET', '/api/v1/approvals?limit=200')).items.map((item: { title: string }) => item.title);
}

describe('while Temporal is away', () => {
  test('nothing is made by halves, what is read is answered, and what was recorded goes on by itself afterwards', async () => {
    const open = await ask();
    const running = await ask({
      approvers: [{ user_id: 'a' }, { user_id: 'b' }],
      timeout: 'PT3S',
      on_timeout: 'escalate',
      escalate_to: [{ user_id: 'b' }],
    });
    await toTemporal.cut();
    // Whether Temporal answers is asked once a second.
    await until(async () => (await api.call('GET', '/readyz')).status === 503, 'it is known that Temporal is away');
    const path = `/api/v1/approvals/${open.id}/decisions`;
    const idempotent = { 'idempotency-key': 'while-temporal-is-away' };
    await Promise.all([
      expectUnavailable(api.call('POST', '/api/v1/approvals', newRequest)),
      expectUnavailable(api.call('POST', path, { decision: 'approve', comment: 'Recorded' }, keys['a'], idempotent)),
      expectUnavailable(api.call('GET', '/readyz')),
      api.need('GET', '/healthz'),
      api.need('GET', `/api/v1/approvals/${open.id}`),
    ]);
    expect(await titles()).not.toContain(newRequest.title);
    expect(await api.read(open.id)).toMatchObject({ state: 'pending', stages: [{ decisions: [] }] });

    await toTemporal.restore();
    await until(
      async () => (await api.read(open.id)).state === 'approved',
      'the decision is carried out by itself',
      GOES_ON_WITHIN_MS,
    );
    expect(
      await api.call('POST', path, { decision: 'approve', comment: 'Recorded' }, keys['a'], idempotent),
    ).toMatchObject({ status: 200, body: { state: 'approved' } });
    expect((await api.read(open.id)).stages[0].decisions).toMatchObject([{ user_id: 'a', comment: 'Recorded' }]);
    expect((await api.timeline(open.id)).filter((item) => item.type === 'decided')).toHaveLength(1);
    await until(
      async () => (await api.read(running.id)).state === 'rejected',
      'timers that ran out meanwhile fire',
      GOES_ON_WITHIN_MS,
    );
    await until(async () => (await api.call('GET', '/readyz')).status === 200, 'it is ready again');
    expect((await api.call('POST', '/api/v1/approvals', newRequest)).status).toBe(201);
  }, 120_000);
});

describe('while the database is away', () => {
  test('every request that needs it says so, and workflows wait until it is back', async () => {
    const open = await ask({ approvers: [{ user_id: 'a' }, { user_id: 'b' }], required: 2 });
    const timed = await ask({
      timeout: 'PT2S',
      on_timeout: 'escalate',
      escalate_to: [{ user_id: 'b' }],
      reminders: ['PT1S'],
    });
    const before = await titles();
    await toDatabase.cut();
    // What is ready is remembered for a moment.
    await until(async () => (await api.call('GET', '/readyz')).status === 503, 'it is known that the database is away');
    await Promise.all([
      expectUnavailable(api.call('POST', '/api/v1/approvals', { ...newRequest, title: 'While the database is away' })),
      expectUnavailable(api.decide(open.id, keys['a'] ?? '', 'approve')),
      expectUnavailable(api.call('GET', `/api/v1/approvals/${open.id}`)),
      expectUnavailable(api.call('GET', '/api/v1/teams')),
      expectUnavailable(api.call('GET', '/readyz')),
      api.need('GET', '/healthz'),
      until(async () => Date.now() > Date.parse(timed.stages[0].deadline_at), 'the stage’s time runs out'),
    ]);

    await toDatabase.restore();
    await until(async () => (await api.call('GET', '/readyz')).status === 200, 'it is ready again');
    expect(await titles()).toEqual(before);
    await until(
      async () => (await api.read(timed.id)).state === 'rejected',
      'the stage is escalated and ends',
      GOES_ON_WITHIN_MS,
    );
    const types = (await api.timeline(timed.id)).map((item) => item.type);
    expect(types).toEqual(['created', 'stage_opened', 'reminded', 'escalated', 'rejected']);
    expect(await api.read(open.id)).toMatchObject({ stages: [{ decisions: [] }] });
    await Promise.all(['a', 'b'].map((user) => api.decide(open.id, keys[user] ?? '', 'approve')));
    expect(await api.read(open.id)).toMatchObject({ state: 'approved' });
  }, 120_000);

  test('and comes and goes while many ask: each is answered, and what was answered with success is there', async () => {
    const asking = { goesOn: true };
    const made: string[] = [];
    const clients = Array.from({ length: 6 }, async () => {
      while (asking.goesOn) {
        const { status, body } = await api.call('POST', '/api/v1/approvals', newRequest);
        expect([201, 503]).toContain(status);
        if (status === 201) made.push(body.id);
      }
    });
    for (let round = 0; round < 4; round += 1) {
      const known = made.length;
      await until(async () => made.length > known, 'requests are made');
      await toDatabase.cut();
      await toDatabase.restore();
    }
    asking.goesOn = false;
    await Promise.all(clients);
    for (const id of made) expect((await api.call('GET', `/api/v1/approvals/${id}`)).status).toBe(200);
    const last = made.at(-1) ?? '';
    await until(
      async () => (await api.decide(last, keys['a'] ?? '', 'approve')).status === 200,
      'the last of them can be decided',
      GOES_ON_WITHIN_MS,
    );
  }, 120_000);
});
