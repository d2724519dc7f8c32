import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/api-caller.ts';
import { DAY, HOUR, MINUTE } from './support/durations.ts';
import { SkippingWorld } from './support/skipping-world.ts';

let world: SkippingWorld;
const keys: Record<string, string> = {};

beforeAll(async () => {
  world = await SkippingWorld.start();
  await world.api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  for (const user of ['asker', 'first', 'second', 'deputy'])
    keys[user] = await world.api.person('research', user, ['member']);
});

afterAll(() => world?.stop());

function ask(stage: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return world.api.ask({
    team_id: 'research',
    requester_id: 'asker',
    chain: { stages: [{ approvers: [{ user_id: 'first' }], ...stage }] },
    ...more,
  });
}

async function askedIn(approval: string, stage = 0): Promise<string[]> {
  return (await world.api.read(approval)).stages[stage].approvers.map(
    (approver: { user_id: string }) => approver.user_id,
  );
}

describe('a request that waits for changes', () => {
  test('has no time running; once resubmitted, the stage gets its whole time again', async () => {
    const { id } = await ask({ timeout: 'PT4H' });
    await world.pass(3 * HOUR);
    const { body } = await world.api.decide(id, keys['first']!, 'request_changes', { comment: 'Which vendor?' });
    expect(body).toMatchObject({ state: 'changes_requested', stages: [{ state: 'open', deadline_at: null }] });
    await world.pass(30 * DAY);
    expect(await world.api.read(id)).toMatchObject({ state: 'changes_requested' });

    await world.api.need(
      'POST',
      `/api/v1/approvals/${id}/resubmit`,
      { description: 'The vendor is Acme.' },
      keys['asker'],
    );
    await world.pass(4 * HOUR - MINUTE);
    expect(await world.api.read(id)).toMatchObject({ state: 'pending', revision: 1 });
    await world.pass(2 * MINUTE);
    expect(await world.api.read(id)).toMatchObject({ state: 'rejected', revision: 1 });
  });

  test('refuses decisions until it is resubmitted, also of the person who asked for changes', async () => {
    const { id } = await ask({ approvers: [{ user_id: 'first' }, { user_id: 'second' }] });
    await world.api.decide(id, keys['first']!, 'request_changes');
    expect(await world.api.decide(id, keys['second']!, 'approve')).toMatchObject({
      status: 409,
      body: { type: '/problems/approval-closed', state: 'changes_requested' },
    });
    await world.api.need('POST', `/api/v1/approvals/${id}/resubmit`, {}, keys['asker']);
    expect(await world.api.decide(id, keys['first']!, 'approve')).toMatchObject({
      status: 200,
      body: { state: 'approved' },
    });
  });
});

describe('a new revision', () => {
  test('asks from the first stage on, with times of its own; the old ones do nothing any more', async () => {
    const stages = [
      { approvers: [{ user_id: 'first' }], timeout: 'PT6H' },
      { approvers: [{ user_id: 'second' }], timeout: 'PT6H' },
    ];
    const { id } = await world.api.ask({
      team_id: 'research',
      requester_id: 'asker',
      amount: { value: '10', currency: 'USD' },
      chain: { stages },
    });
    await world.api.decide(id, keys['first']!, 'approve');
    await world.pass(5 * HOUR);
    const changed = await world.api.need(
      'POST',
      `/api/v1/approvals/${id}/resubmit`,
      { amount: { value: '11', currency: 'USD' } },
      keys['asker'],
    );
    expect(changed).toMatchObject({
      state: 'pending',
      revision: 2,
      amount: { value: '11.00' },
      stages: [{ state: 'open', decisions: [] }, { state: 'waiting' }],
    });
    await world.pass(5 * HOUR);
    expect(await world.api.read(id)).toMatchObject({ state: 'pending', revision: 2 });
    expect((await world.api.decide(id, keys['first']!, 'approve')).body).toMatchObject({
      stages: [{ state: 'approved' }, { state: 'open' }],
    });
    await world.pass(6 * HOUR + MINUTE);
    expect(await world.api.read(id)).toMatchObject({
      state: 'rejected',
      stages: [{ state: 'approved' }, { state: 'expired' }],
    });
  });
});

describe('a reassignment', () => {
  test('asks somebody else in the time that is left', async () => {
    const {
      id,
      stages: [before],
    } = await ask({ timeout: 'PT4H' });
    await world.pass(HOUR);
    const {
      stages: [after],
    } = await world.api.need('POST', `/api/v1/approvals/${id}/reassign`, {
      from_user_id: 'first',
      to_user_id: 'deputy',
    });
    expect(after).toMatchObject({
      deadline_at: before.deadline_at,
      approvers: [{ user_id: 'deputy', reason: 'reassigned from first' }],
    });
    expect(await world.api.decide(id, keys['first']!, 'approve')).toMatchObject({
      status: 403,
      body: { type: '/problems/not-an-approver' },
    });
    await world.pass(3 * HOUR + MINUTE);
    expect(await world.api.read(id)).toMatchObject({ state: 'rejected' });
  });
});

describe('an absence', () => {
  test('that begins while somebody is asked has the delegate asked, and its end has the person asked again', async () => {
    const { id } = await ask({ timeout: 'P30D' }, { title: 'Absence begins' });
    const absence = {
      from: new Date(world.now().getTime() + DAY).toISOString(),
      until: new Date(world.now().getTime() + 10 * DAY).toISOString(),
      delegate_user_id: 'deputy',
    };
    await world.api.need('PUT', '/api/v1/users/first/absence', absence);
    expect(await askedIn(id)).toEqual(['first']);
    await world.pass(DAY + MINUTE);
    await until(async () => (await askedIn(id)).join() === 'deputy', 'the delegate is asked');
    expect(await world.api.decide(id, keys['first']!, 'approve')).toMatchObject({
      status: 403,
      body: { type: '/problems/not-an-approver' },
    });
    await until(
      async () =>
        (await world.mailbox.messages({ to: 'deputy@example.test' })).find((mail) =>
          mail.subject.endsWith('Absence begins'),
        ),
      'the delegate gets a mail',
    );
    await world.pass(10 * DAY);
    await until(async () => (await askedIn(id)).join() === 'first', 'the person is asked again');
    expect((await world.api.decide(id, keys['first']!, 'approve')).body).toMatchObject({
      state: 'approved',
      stages: [{ decisions: [{ user_id: 'first', on_behalf_of: null }] }],
    });
  });

  test('lets the delegate decide, and tells the absent person what was decided', async () => {
    const { id } = await ask({}, { title: 'Decided in absence' });
    await world.api.need('PUT', '/api/v1/users/first/absence', {
      from: world.now().toISOString(),
      until: new Date(world.now().getTime() + DAY).toISOString(),
      delegate_user_id: 'deputy',
    });
    await until(async () => (await askedIn(id)).join() === 'deputy', 'the delegate is asked');
    const { body } = await world.api.decide(id, keys['deputy']!, 'approve');
    expect(body).toMatchObject({
      state: 'approved',
      stages: [{ decisions: [{ user_id: 'deputy', on_behalf_of: 'first' }] }],
    });
    await until(
      async () =>
        (await world.mailbox.messages({ to: 'first@example.test' })).find(
          (mail) => mail.subject === 'Decided in your place: Decided in absence',
        ),
      'the absent person is told',
    );
    await world.api.need('DELETE', '/api/v1/users/first/absence');
  });

  test('of everybody who is asked leaves the stage stuck, and says so to requester and admins, who can reassign', async () => {
    const { id } = await ask({}, { title: 'Stuck' });
    await world.api.need('DELETE', '/api/v1/teams/research/members/first');
    await until(async () => (await askedIn(id)).length === 0, 'nobody is asked any more');
    await until(
      async () =>
        (await world.mailbox.messages({ to: 'asker@example.test' })).find(
          (mail) => mail.subject === 'Cannot be decided as it is: Stuck',
        ),
      'the requester is told',
    );
    await world.api.need('POST', `/api/v1/approvals/${id}/reassign`, { from_user_id: 'first', to_user_id: 'deputy' });
    expect((await world.api.decide(id, keys['deputy']!, 'approve')).body).toMatchObject({ state: 'approved' });
  });
});
