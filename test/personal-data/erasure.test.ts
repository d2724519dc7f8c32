import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { type OpenApi, operationsOf } from '../isolation/support/openapi-requests.ts';
import { takesDecision, Visitor } from '../pages-flow/support/visitor.ts';
import { type ApiCaller, until } from '../support/api-caller.ts';
import { type Product, startProduct } from '../workflows/support/product.ts';
import { ObservedWorld } from './support/world.ts';

const TEAM = 'research';

let world: ObservedWorld;
/** The same installation, restarted: no key is remembered from before. */
let restarted: Product;
let api: ApiCaller;
let deputyKey: string;
let bossLink: string;
const approvals: Record<string, string> = {};

beforeAll(async () => {
  world = await ObservedWorld.start();
  const before = world.product.api;
  await before.need('POST', '/api/v1/webhooks', { url: world.receiver.url, events: ['*'] });
  await before.need('POST', '/api/v1/teams', { id: TEAM, name: 'Research' });
  const bossKey = await before.person(TEAM, 'boss', ['manager']);
  deputyKey = await before.person(TEAM, 'deputy', ['member']);
  for (const user of ['jane', 'kim']) await before.person(TEAM, user, ['member']);
  const ask = async (name: string, requester: string, approvers: readonly string[]) => {
    const chain = { stages: [{ approvers: approvers.map((user) => ({ user_id: user })) }] };
    const answer = await before.call(
      'POST',
      '/api/v1/approvals',
      {
        team_id: TEAM,
        kind: 'spend',
        title: `Title of ${name}`,
        description: 'Described',
        context: { a: 'b' },
        requester_id: requester,
        chain,
      },
      undefined,
      { 'idempotency-key': name },
    );
    expect(answer.status).toBe(201);
    approvals[name] = answer.body.id;
  };
  await ask('jane-decided', 'jane', ['deputy']);
  await before.decide(approvals['jane-decided']!, deputyKey, 'reject', { comment: 'A comment of deputy' });
  await ask('kim-decided', 'kim', ['boss']);
  await before.decide(approvals['kim-decided']!, bossKey, 'reject', { comment: 'A comment of boss' });
  await ask('kim-open', 'kim', ['boss', 'deputy']);
  bossLink = await world.link('boss@example.test', 'Title of kim-open');
  world.mailServerOpen = false;
  await ask('jane-open', 'jane', ['deputy']);
  await world.product.stop();

  await destroyKeys(['jane', 'boss']);
  world.mailServerOpen = true;
  const { surroundings, config } = world.product.core;
  restarted = await startProduct({
    ...surroundings,
    ownerKey: world.product.ownerKey,
    environment: { TEMPORAL_TASK_QUEUE: config.temporal.taskQueue, LOG_LEVEL: 'trace' },
  });
  await restarted.startWorker();
  api = restarted.api;
}, 120_000);

afterAll(async () => {
  await restarted?.stop();
  await world?.stop();
});

async function query<Row extends object>(sql: string, params: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: world.database.adminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql, params)).rows;
  } finally {
    await client.end();
  }
}

/** Erases people as it will be done: what wraps their key is gone, and with it everything that was sealed under it. */
async function destroyKeys(users: readonly string[]): Promise<void> {
  const { people } = world.product.core;
  const hashes = users.map((user) => people.addressHash(`${user}@example.test`));
  const rows = await query(
    'update keyring.subject_keys k set wrapped = null, destroyed_at = now() from countersign.directory d where d.target_id = k.id and d.hash = any($1) returning k.id',
    [hashes],
  );
  expect(rows).toHaveLength(users.length);
}

describe('once the key of a requester is destroyed', () => {
  test('what they wrote and are called is null; what others wrote, and the outcome, stands', async () => {
    const approval = await api.read(approvals['jane-decided']!);
    expect(approval).toMatchObject({
      title: null,
      description: null,
      context: null,
      requester_id: null,
      state: 'rejected',
      team_id: TEAM,
    });
    expect(approval.stages[0]).toMatchObject({
      approvers: [{ user_id: 'deputy' }],
      decisions: [{ user_id: 'deputy', comment: 'A comment of deputy' }],
    });
  });

  test('their open request can still be decided', async () => {
    const { status, body } = await api.decide(approvals['jane-open']!, deputyKey, 'approve', { comment: 'Still here' });
    expect({ status, state: body.state, title: body.title }).toEqual({ status: 200, state: 'approved', title: null });
    const types = (await api.timeline(approvals['jane-open']!)).map((item) => item.type);
    expect(types).toEqual(expect.arrayContaining(['created', 'stage_opened', 'decided', 'approved']));
  });

  test('a mail that waited and tells about them is never sent, and holds nothing up', async () => {
    await until(
      async () =>
        (await query(`select from countersign.outbox where channel = 'mail' and failed_at is null`)).length === 0,
      'no mail waits any more',
      30_000,
    );
    const subjects = (await world.mailbox.messages()).map((mail) => mail.subject);
    expect(subjects.filter((subject) => subject.includes('jane-open'))).toEqual([]);
    expect(await query(`select from countersign.outbox where body is not null`)).toEqual([]);
  });

  test('a repeated request is answered with what can still be said: that it was carried out', async () => {
    const chain = { stages: [{ approvers: [{ user_id: 'deputy' }] }] };
    const body = {
      team_id: TEAM,
      kind: 'spend',
      title: 'Title of jane-decided',
      description: 'Described',
      context: { a: 'b' },
      requester_id: 'jane',
      chain,
    };
    const answer = await api.call('POST', '/api/v1/approvals', body, undefined, { 'idempotency-key': 'jane-decided' });
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 201, body: null });
  });
});

describe('once the key of an approver is destroyed', () => {
  test('their comment and id are null; the request they decided on tells everything else', async () => {
    const approval = await api.read(approvals['kim-decided']!);
    expect(approval).toMatchObject({ title: 'Title of kim-decided', requester_id: 'kim', state: 'rejected' });
    expect(approval.stages[0]).toMatchObject({
      approvers: [{ user_id: null, email: null }],
      decisions: [{ user_id: null, comment: null, decision: 'reject' }],
    });
    expect(approval.outcome_reason).toBe('Rejected by an approver of stage 1.');
    expect(JSON.stringify(await api.timeline(approvals['kim-decided']!))).not.toContain('A comment of boss');
  });

  test('their link no longer takes a decision', async () => {
    const visitor = new Visitor(api.baseUrl);
    const address = new URL(bossLink).pathname;
    const page = await visitor.get(address);
    expect(page.status).toBeLessThan(500);
    expect(takesDecision(page.source)).toBe(false);
    const posted = await visitor.post(address, { decision: 'approve', comment: '', revision: '1' });
    expect(posted.status).toBeLessThan(500);
    expect(await api.read(approvals['kim-open']!)).toMatchObject({ state: 'pending', stages: [{ decisions: [] }] });
  });

  test('somebody else who is asked can still decide', async () => {
    expect(await api.decide(approvals['kim-open']!, deputyKey, 'approve')).toMatchObject({
      status: 200,
      body: { state: 'approved' },
    });
  });
});

describe('with erased people in it', () => {
  test('every list and every object of the API can still be read', async () => {
    const document: OpenApi = await api.need('GET', '/openapi.json');
    const webhook = (await api.need('GET', '/api/v1/webhooks')).items[0].id;
    const values: Record<string, string> = { team: TEAM, name: 'none' };
    for (const { path } of operationsOf(document).filter(({ method }) => method === 'GET')) {
      for (const id of path.includes('webhooks') ? [webhook] : Object.values(approvals)) {
        const { status } = await api.call(
          'GET',
          path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? id),
        );
        expect({ path, failed: status >= 500 }).toEqual({ path, failed: false });
      }
    }
    const members = (await api.need('GET', `/api/v1/teams/${TEAM}/members`)).items;
    expect(members.map((member: { user_id: string | null }) => member.user_id).toSorted()).toEqual([
      'deputy',
      'kim',
      null,
      null,
    ]);
  });

  test('nothing was thrown', () => {
    const lines = world.log
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter((line) => line.level === 'error' || line.level === 'fatal' || line.status >= 500)).toEqual([]);
  });
});
