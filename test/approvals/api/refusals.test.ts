import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { tablesOf } from '../../isolation/support/catalog.ts';
import { approvers, House, stage } from './support/house.ts';

type Json = Record<string, unknown>;

let house: House;
let before: string;

beforeAll(async () => {
  house = await House.open({ a: ['member'], b: ['member'] });
  before = await fingerprint();
});

afterAll(() => house?.close());

/** What the worker keeps up behind the entries that there are. */
const FOLLOWS = /^countersign\.(idempotent_requests|outbox|audit_(?!entries).*)$/;

/** How many rows each table has, so that whatever is refused is seen to change nothing. */
async function fingerprint(): Promise<string> {
  const client = new Client({ connectionString: house.system.databaseAdminUrl });
  await client.connect();
  try {
    const tables = (await tablesOf(client)).filter(({ name }) => !FOLLOWS.test(name));
    const counts = await Array.fromAsync(
      tables,
      async ({ name }) => `${name} ${(await client.query(`select count(*) from ${name}`)).rows[0].count}`,
    );
    return counts.join('\n');
  } finally {
    await client.end();
  }
}

/** A body that would be accepted, with something changed. */
function body(change: Json): Json {
  return { ...house.body([stage(['a', 'b'])]), amount: { value: '100', currency: 'USD' }, ...change };
}

function withStage(change: Json): Json {
  return body({ chain: { stages: [{ ...stage(['a', 'b']), ...change }] } });
}

async function refusal(sent: unknown): Promise<{ status: number; type: string; paths: string[]; body: Json }> {
  const answer = await house.api.call('POST', '/api/v1/approvals', sent);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  return {
    status: answer.status,
    type: answer.body.type,
    paths: [...new Set<string>((answer.body.errors ?? []).map((error: { path: string }) => error.path))],
    body: answer.body,
  };
}

const deep = JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) as Json;
const MANY = Array.from({ length: 51 }, (_, index) => ({ user_id: `user-${index}` }));

describe('a wrong request is refused with the place of what is wrong:', () => {
  test.each<[string, () => Json, readonly string[]]>([
    [
      'an approver who does not exist',
      () => withStage({ approvers: approvers('a', 'nobody') }),
      ['chain.stages.0.approvers.1.user_id'],
    ],
    [
      'an escalation to somebody who does not exist',
      () => withStage({ timeout: 'PT1H', on_timeout: 'escalate', escalate_to: approvers('nobody') }),
      ['chain.stages.0.escalate_to.0.user_id'],
    ],
    ['a requester who does not exist', () => body({ requester_id: 'nobody' }), ['requester_id']],
    ['a quorum larger than the stage', () => withStage({ required: 3 }), ['chain.stages.0.required']],
    ['a quorum of nobody', () => withStage({ required: 0 }), ['chain.stages.0.required']],
    ['a quorum that is no number', () => withStage({ required: 'most' }), ['chain.stages.0.required']],
    [
      'only the requester in the stage',
      () => withStage({ approvers: approvers('asker') }),
      ['chain.stages.0.approvers'],
    ],
    ['nobody in the stage', () => withStage({ approvers: [] }), ['chain.stages.0.approvers']],
    ['too many in the stage', () => withStage({ approvers: MANY }), ['chain.stages.0.approvers']],
    ['a role that nobody holds', () => withStage({ approvers: approvers('@director') }), ['chain.stages.0.approvers']],
    [
      'a role that there is not',
      () => withStage({ approvers: [{ role: 'emperor' }] }),
      ['chain.stages.0.approvers.0.role'],
    ],
    ['an approver without a name', () => withStage({ approvers: [{}] }), ['chain.stages.0.approvers.0.user_id']],
    [
      'an address that is none',
      () => withStage({ approvers: [{ email: 'nobody at home' }] }),
      ['chain.stages.0.approvers.0.email'],
    ],
    [
      'an address with a line break',
      () => withStage({ approvers: [{ email: 'a@example.test\r\nBcc: b@example.test' }] }),
      ['chain.stages.0.approvers.0.email'],
    ],
    ['a chain without stages', () => body({ chain: { stages: [] } }), ['chain.stages']],
    [
      'a chain with too many stages',
      () => body({ chain: { stages: Array.from({ length: 21 }, () => stage(['a'])) } }),
      ['chain.stages'],
    ],
    [
      'stages that compete for one person',
      () => body({ chain: { stages: [stage(['a']), stage(['a'])] } }),
      ['chain.stages.0'],
    ],
    [
      'an escalation to nobody',
      () => withStage({ timeout: 'PT1H', on_timeout: 'escalate' }),
      ['chain.stages.0.escalate_to'],
    ],
    [
      'an escalation to the requester alone',
      () => withStage({ timeout: 'PT1H', on_timeout: 'escalate', escalate_to: approvers('asker') }),
      ['chain.stages.0.escalate_to'],
    ],
    ['a rule for a timeout without one', () => withStage({ on_timeout: 'approve' }), ['chain.stages.0.timeout']],
    [
      'a reminder after the timeout',
      () => withStage({ timeout: 'PT1H', reminders: ['PT1H'] }),
      ['chain.stages.0.reminders'],
    ],
    [
      'a calendar that there is not',
      () => withStage({ timeout: 'P1D', calendar: 'office' }),
      ['chain.stages.0.calendar'],
    ],
    [
      'a threshold without an amount',
      () => ({ ...withStage({ when: { amount_at_least: '5' } }), amount: undefined }),
      ['chain.stages.0.when.amount_at_least'],
    ],
    ['an unknown field', () => body({ colour: 'red' }), ['colour']],
    ['an unknown field in the chain', () => body({ chain: { stages: [stage(['a'])], mode: 'fast' } }), ['chain.mode']],
    ['an unknown field in a stage', () => withStage({ timout: 'PT1H' }), ['chain.stages.0.timout']],
    [
      'an unknown field in an approver',
      () => withStage({ approvers: [{ user_id: 'a', name: 'A' }] }),
      ['chain.stages.0.approvers.0.name'],
    ],
    [
      'an unknown field in a condition',
      () => withStage({ when: { amount_at_least: '5', amount_at_most: '6' } }),
      ['chain.stages.0.when.amount_at_most'],
    ],
    ['an unknown kind', () => body({ kind: 'party' }), ['kind']],
    ['a missing title', () => body({ title: undefined }), ['title']],
    ['several things at once', () => body({ kind: 'party', title: '', colour: 'red' }), ['kind', 'title', 'colour']],
  ])('%s', async (_, make, paths) => {
    expect(await refusal(make())).toMatchObject({ status: 400, type: '/problems/invalid-request', paths });
  });

  test.each(['1.0000000000001', '1234567890123456', '-1', '+1', '1e3', '1,000', '0x10', '', ' 1', 'NaN', 'Infinity'])(
    'the amount %j',
    async (value) => {
      expect(await refusal(body({ amount: { value, currency: 'USD' } }))).toMatchObject({
        status: 400,
        paths: ['amount.value'],
      });
    },
  );

  test.each([
    [{ value: 5, currency: 'USD' }, 'amount.value'],
    [{ value: '5', currency: 'EUR' }, 'amount.currency'],
    [{ value: '5', currency: 'usd' }, 'amount.currency'],
    [{ value: '5', currency: 'XQZ' }, 'amount.currency'],
    [{ value: '5' }, 'amount.currency'],
  ])('the amount %j', async (amount, path) => {
    expect(await refusal(body({ amount }))).toMatchObject({ status: 400, paths: [path] });
  });

  test.each([
    'PT0S',
    'P0D',
    'P366D',
    'PT8761H',
    'P1Y',
    'P1M',
    'PT0.5S',
    '-PT1H',
    '4h',
    'P',
    'PT',
    '',
    'PT99999999999999999999S',
  ])('the duration %j', async (duration) => {
    expect(await refusal(withStage({ timeout: duration }))).toMatchObject({
      status: 400,
      paths: ['chain.stages.0.timeout'],
    });
    expect(await refusal(body({ expires_in: duration }))).toMatchObject({ status: 400, paths: ['expires_in'] });
    expect(await refusal(withStage({ reminders: [duration] }))).toMatchObject({
      status: 400,
      paths: ['chain.stages.0.reminders.0'],
    });
  });

  test.each([
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'title'],
    ['an empty title', { title: '' }, 'title'],
    ['a blank title', { title: '   ' }, 'title'],
    ['a title with a line break', { title: 'One\r\nBcc: victim@example.test' }, 'title'],
    ['a title with a line feed', { title: 'One\ntwo' }, 'title'],
    ['a title with a Unicode line separator', { title: 'One\u2028two' }, 'title'],
    ['a title with a null', { title: 'One\u0000two' }, 'title'],
    ['a title with half a surrogate pair', { title: 'One\ud800two' }, 'title'],
    ['a title that is no text', { title: ['One'] }, 'title'],
    ['a description of 10,001 characters', { description: 'x'.repeat(10_001) }, 'description'],
    ['a description with a control character', { description: 'bell\u0007' }, 'description'],
    ['a context that is a list', { context: [1] }, 'context'],
    ['a context of more than 64 kB', { context: { a: 'x'.repeat(66_000) } }, 'context'],
    ['a context nested too deeply', { context: deep }, 'context'],
    ['a context with half a surrogate pair', { context: { a: '\ud800' } }, 'context'],
  ])('%s', async (_, change, path) => {
    const { status, paths, body: problem } = await refusal(body(change));
    expect({ status, paths }).toEqual({ status: 400, paths: [path] });
    expect(JSON.stringify(problem).length).toBeLessThan(1_500);
  });

  test('an approver who is named in two ways', async () => {
    const { status, paths } = await refusal(withStage({ approvers: [{ user_id: 'a', role: 'member' }] }));
    expect({ status, elsewhere: paths.filter((path) => !path.startsWith('chain.stages.0.approvers.0')) }).toEqual({
      status: 400,
      elsewhere: [],
    });
  });

  test('a stage’s name of two lines', async () => {
    expect(await refusal(withStage({ name: 'One\r\ntwo' }))).toMatchObject({
      status: 400,
      paths: ['chain.stages.0.name'],
    });
  });

  test('a comment of 4,001 characters', async () => {
    const answer = await house.decide('00000000-0000-7000-8000-00000000ffff', 'a', 'approve', {
      comment: 'x'.repeat(4_001),
    });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'comment' }] } });
  });

  test('a team that there is not, which is not found', async () => {
    expect(await refusal(body({ team_id: 'nowhere' }))).toMatchObject({ status: 404, type: '/problems/not-found' });
  });

  test('a body that is no object, no JSON, no UTF-8, or far too large', async () => {
    for (const sent of [null, [], 'text', 5]) expect((await refusal(sent)).status).toBe(400);
    const raw = (content: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${house.system.baseUrl}/api/v1/approvals`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.system.ownerKey}`, 'content-type': 'application/json' },
        body: content,
      }).then((answer) => answer.status);
    expect(await raw('{"title": ')).toBe(400);
    expect(await raw(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe(400);
    expect(await raw(JSON.stringify(body({ description: 'x'.repeat(3 * 1024 * 1024) })))).toBe(413);
  });
});

test('nothing that was refused has changed anything', async () => {
  expect(await fingerprint()).toBe(before);
});

describe('what looks dangerous and is allowed', () => {
  test('stays text: HTML in titles is given back as it was and escaped wherever it is shown', async () => {
    const title = '<script>alert(1)</script> & "quotes" <b>bold</b>';
    const made = await house.ask([stage(['a'])], { title, description: '<img src=x onerror=alert(1)>\nTwo lines' });
    expect(made).toMatchObject({ title, description: '<img src=x onerror=alert(1)>\nTwo lines' });
    const mail = await house.system.until(
      async () => (await house.system.mails('a@example.test')).find(({ subject }) => subject.includes('<script>')),
      'the mail',
    );
    expect(mail.subject).toBe(`Approval needed: ${title}`);
    expect(mail.html).not.toContain('<script>');
    expect(mail.html).toContain('&lt;script&gt;');
    expect(mail.html).not.toContain('<img');
  });

  test('the largest amount and the longest texts and durations are taken exactly', async () => {
    const title = '🙂'.repeat(100);
    const made = await house.ask([stage(['a'], { timeout: 'P365D', reminders: ['PT1S'] })], {
      title,
      description: 'ß'.repeat(10_000),
      amount: { value: '999999999999999.999999999999', currency: 'USD' },
    });
    expect(made).toMatchObject({
      title,
      description: 'ß'.repeat(10_000),
      amount: { value: '999999999999999.999999999999' },
    });
    expect(await house.api.read(made.id)).toMatchObject({ amount: { value: '999999999999999.999999999999' } });
    expect(Date.parse(made.stages[0].deadline_at) - Date.parse(made.stages[0].opened_at)).toBe(365 * 86_400_000);
  });
});
