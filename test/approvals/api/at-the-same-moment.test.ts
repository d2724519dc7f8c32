import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { IntentRow } from '../../../src/approvals/entities.ts';
import { IntentReader } from '../../../src/approvals/intents.ts';
import { readApproval } from '../../../src/approvals/store.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { aroundNext } from './support/between.ts';
import { House, problem, stage } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({ a: ['member'], b: ['member'], c: ['member'], gone: ['member'], admin: ['admin'] });
});

afterAll(() => house?.close());

async function query<Row extends object>(sql: string, params: unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: house.system.databaseAdminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql, params)).rows;
  } finally {
    await client.end();
  }
}

describe('two changes at the same moment', () => {
  test('are both there afterwards, and what was said before each of them is kept', async () => {
    const { id } = await house.ask([stage(['a'])], {
      title: 'First title',
      description: 'First words',
      context: { vendor: 'One' },
    });
    aroundNext(house.system, 'resubmit', {
      before: () => house.change(id, 'resubmit', { description: 'Better words' }, 'admin'),
    });
    expect((await house.change(id, 'resubmit', { title: 'Better title' }, 'asker')).status).toBe(200);
    expect(await house.api.read(id)).toMatchObject({
      title: 'Better title',
      description: 'Better words',
      context: { vendor: 'One' },
      revision: 1,
    });
    expect(await query('select revision from countersign.approval_revisions where approval_id = $1', [id])).toEqual([
      { revision: 1 },
      { revision: 1 },
    ]);
  });

  test('keep an amount that came in between', async () => {
    const { id } = await house.ask([stage(['a'])], { amount: { value: '10', currency: 'USD' } });
    aroundNext(house.system, 'resubmit', {
      before: () => house.change(id, 'resubmit', { amount: { value: '99', currency: 'USD' } }, 'admin'),
    });
    expect((await house.change(id, 'resubmit', { title: 'Better title' }, 'asker')).status).toBe(200);
    expect(await house.api.read(id)).toMatchObject({ title: 'Better title', amount: { value: '99.00' }, revision: 2 });
  });

  test('are refused where nobody has looked at the amount of one and the chain of the other together', async () => {
    const { id } = await house.ask([stage(['a'])], { amount: { value: '10', currency: 'USD' } });
    aroundNext(house.system, 'resubmit', {
      before: () => house.change(id, 'resubmit', { chain: { stages: [stage(['b'])] } }, 'admin'),
    });
    expect(await house.change(id, 'resubmit', { amount: { value: '99', currency: 'USD' } }, 'asker')).toMatchObject({
      status: 409,
      body: problem('stale-revision'),
    });
    expect(await house.api.read(id)).toMatchObject({
      amount: { value: '10.00' },
      revision: 2,
      stages: [{ approvers: [{ user_id: 'b' }] }],
    });
  });
});

describe('a decision that names no revision', () => {
  test('is about the one that was there when it was taken', async () => {
    const { id } = await house.ask([stage(['a'])], { amount: { value: '10', currency: 'USD' } });
    aroundNext(house.system, 'decide', {
      before: () => house.change(id, 'resubmit', { amount: { value: '9999', currency: 'USD' } }, 'asker'),
    });
    expect(await house.decide(id, 'a')).toMatchObject({ status: 409, body: problem('stale-revision') });
    expect(await house.api.read(id)).toMatchObject({ state: 'pending', revision: 2, stages: [{ decisions: [] }] });
    expect((await house.decide(id, 'a')).body).toMatchObject({ state: 'approved' });
    expect((await house.decide(id, 'a')).status).toBe(200);
  });

  test('goes through the workflow again where changes were asked for and made meanwhile', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })]);
    const sent = aroundNext(house.system, 'decide', {
      before: () => house.decide(id, 'a', 'request_changes'),
      after: () => house.change(id, 'resubmit', {}, 'asker'),
    });
    expect((await house.decide(id, 'b')).body).toMatchObject({
      state: 'pending',
      stages: [{ decisions: [{ user_id: 'b' }] }],
    });
    expect(sent()).toBe(2);
    expect((await house.decide(id, 'a')).body).toMatchObject({ state: 'approved' });
  });

  test('is refused where changes are still waited for', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })]);
    const sent = aroundNext(house.system, 'decide', { before: () => house.decide(id, 'a', 'request_changes') });
    expect(await house.decide(id, 'b')).toMatchObject({
      status: 409,
      body: { ...problem('approval-closed'), state: 'changes_requested' },
    });
    expect(sent()).toBe(1);
    expect(await house.timelineTypes(id)).toEqual(['created', 'stage_opened', 'decided', 'changes_requested']);
  });
});

test('a late decision is kept once, also where it comes twice at the same moment', async () => {
  const { id } = await house.ask([stage(['a', 'b'])]);
  await house.decide(id, 'a');
  const answers = await Promise.all(Array.from({ length: 4 }, () => house.decide(id, 'b', 'reject')));
  for (const answer of [...answers, await house.decide(id, 'b', 'reject')])
    expect(answer).toMatchObject({ status: 409, body: { ...problem('approval-closed'), state: 'approved' } });
  expect((await house.timelineTypes(id)).filter((type) => type === 'late_decision')).toHaveLength(1);
  await house.decide(id, 'b', 'approve');
  expect((await house.timelineTypes(id)).filter((type) => type === 'late_decision')).toHaveLength(2);
});

test('a change whose requester was erased before it was carried out is refused, and no withdrawal', async () => {
  const { id } = await house.ask([stage(['a'])], { requester_id: 'gone' });
  await house.change(id, 'resubmit', { title: 'Better title' }, 'admin');
  await query(
    `update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = (select requester_id from countersign.approvals where id = $1)`,
    [id],
  );
  const { work, master } = house.system.core;
  const [organization] = await query<{ organization_id: string }>(
    'select organization_id from countersign.approvals where id = $1',
    [id],
  );
  const origin = {
    organization: organization!.organization_id,
    actor: { type: 'system', id: null },
    requestId: null,
  } as const;
  const opened = await work.write(origin, async (tx) => {
    const intent = await tx.em.findOneOrFail(IntentRow, { approval: id, kind: 'resubmit' });
    // A vault of its own: one that runs remembers keys for some seconds.
    return new IntentReader(new Vault(master)).open(tx, await readApproval(tx.em, origin.organization, id), intent);
  });
  expect(opened).toEqual({ refusal: 'requester-erased' });
});
