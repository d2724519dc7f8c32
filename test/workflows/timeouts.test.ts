import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/api-caller.ts';
import { DAY, HOUR, MINUTE } from './support/durations.ts';
import { SkippingWorld } from './support/skipping-world.ts';

let world: SkippingWorld;
const keys: Record<string, string> = {};

beforeAll(async () => {
  world = await SkippingWorld.start();
  await world.api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  for (const user of ['asker', 'first', 'second', 'boss'])
    keys[user] = await world.api.person('research', user, ['member']);
});

afterAll(() => world?.stop());

/** A request of one stage that asks `first` and `second`. */
function ask(stage: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const approvers = [{ user_id: 'first' }, { user_id: 'second' }];
  return world.api.ask({
    team_id: 'research',
    requester_id: 'asker',
    chain: { stages: [{ approvers, ...stage }] },
    ...more,
  });
}

async function types(approval: string): Promise<string[]> {
  return (await world.api.timeline(approval)).map((item) => item.type).filter((type) => type !== 'mailed');
}

async function mailsAbout(title: string, to: string): Promise<string[]> {
  const mails = await world.mailbox.messages({ to: `${to}@example.test` });
  return mails.map((mail) => mail.subject).filter((subject) => subject.includes(title));
}

describe('a stage that nobody answers in time', () => {
  test('rejects the request where nothing else is said, and not before', async () => {
    const { id } = await ask({ timeout: 'PT4H' });
    await world.pass(4 * HOUR - MINUTE);
    expect(await world.api.read(id)).toMatchObject({ state: 'pending' });
    await world.pass(2 * MINUTE);
    expect(await world.api.read(id)).toMatchObject({
      state: 'rejected',
      outcome_reason: 'Rejected: stage 1 was not answered in time.',
      stages: [{ state: 'expired' }],
    });
    expect(await types(id)).toEqual(['created', 'stage_opened', 'rejected']);
  });

  test('escalates, gives the timeout once more, then rejects', async () => {
    const { id } = await ask({ timeout: 'PT4H', on_timeout: 'escalate', escalate_to: [{ user_id: 'boss' }] });
    await world.pass(4 * HOUR + MINUTE);
    const escalated = await world.api.read(id);
    expect(escalated).toMatchObject({ state: 'pending', stages: [{ state: 'open', escalated: true }] });
    expect(escalated.stages[0].approvers.map((approver: { user_id: string }) => approver.user_id)).toEqual([
      'first',
      'second',
      'boss',
    ]);
    const [opened, deadline] = [escalated.stages[0].opened_at, escalated.stages[0].deadline_at].map((moment) =>
      Date.parse(moment),
    );
    expect(deadline! - opened!).toBeGreaterThanOrEqual(8 * HOUR);
    expect(deadline! - opened!).toBeLessThan(8 * HOUR + MINUTE);
    await world.pass(4 * HOUR);
    expect(await world.api.read(id)).toMatchObject({
      state: 'rejected',
      outcome_reason: 'Rejected: stage 1 was not answered in time, and neither was its escalation.',
    });
    expect(await types(id)).toEqual(['created', 'stage_opened', 'escalated', 'rejected']);
  });

  test('is decided by whoever it was escalated to, or by those asked first', async () => {
    const requests = [
      await ask({ timeout: 'PT1H', on_timeout: 'escalate', escalate_to: [{ user_id: 'boss' }] }),
      await ask({ timeout: 'PT1H', on_timeout: 'escalate', escalate_to: [{ user_id: 'boss' }] }),
    ];
    await world.pass(HOUR + MINUTE);
    for (const [index, decider] of ['boss', 'first'].entries()) {
      const { body } = await world.api.decide(requests[index].id, keys[decider]!, 'approve');
      expect(body).toMatchObject({
        state: 'approved',
        stages: [{ escalated: true, decisions: [{ user_id: decider }] }],
      });
    }
  });

  test('approves where the chain says so, and the timeline says that nobody did', async () => {
    const { id } = await ask({ timeout: 'PT2H', on_timeout: 'approve' });
    await world.pass(2 * HOUR + MINUTE);
    const approval = await world.api.read(id);
    expect(approval).toMatchObject({ state: 'approved', stages: [{ state: 'approved', decisions: [] }] });
    expect(approval.outcome_reason).toContain('nobody answered stage 1 in time');
    const decided = (await world.api.timeline(id)).filter((item) => item.type === 'decided');
    expect(decided).toMatchObject([{ channel: 'system', stage: 0 }]);
    expect(decided[0]).not.toHaveProperty('user_id');
  });

  test('opens the next stage, whose own time starts then', async () => {
    const { id } = await world.api.ask({
      team_id: 'research',
      requester_id: 'asker',
      chain: {
        stages: [
          { approvers: [{ user_id: 'first' }], timeout: 'PT2H', on_timeout: 'approve' },
          { approvers: [{ user_id: 'second' }], timeout: 'PT2H' },
        ],
      },
    });
    await world.pass(3 * HOUR);
    expect(await world.api.read(id)).toMatchObject({
      state: 'pending',
      stages: [{ state: 'approved' }, { state: 'open' }],
    });
    await world.pass(HOUR + MINUTE);
    expect(await world.api.read(id)).toMatchObject({
      state: 'rejected',
      stages: [{ state: 'approved' }, { state: 'expired' }],
    });
  });

  test('waits thirty days as well as four hours, and takes a decision on the last of them', async () => {
    const [{ id: decided }, { id: forgotten }] = [await ask({ timeout: 'P30D' }), await ask({ timeout: 'P30D' })];
    await world.pass(30 * DAY - HOUR);
    expect((await world.api.decide(decided, keys['second']!, 'approve')).body).toMatchObject({ state: 'approved' });
    await world.pass(2 * HOUR);
    expect(await world.api.read(forgotten)).toMatchObject({ state: 'rejected' });
    expect(await world.api.read(decided)).toMatchObject({ state: 'approved' });
  });
});

describe('reminders', () => {
  test('go at their times to whoever has not answered, and stop with the stage', async () => {
    const title = 'Reminders stop';
    const { id } = await ask({ timeout: 'PT8H', reminders: ['PT1H', 'PT3H', 'PT5H'], required: 2 }, { title });
    await world.pass(HOUR + MINUTE);
    await until(async () => (await mailsAbout(title, 'first')).length === 2, 'the first reminder');
    await world.api.decide(id, keys['first']!, 'approve');
    await world.pass(2 * HOUR);
    await until(async () => (await mailsAbout(title, 'second')).length === 3, 'the second reminder');
    await world.api.decide(id, keys['second']!, 'approve');
    await world.pass(DAY);
    expect(await types(id)).toEqual([
      'created',
      'stage_opened',
      'reminded',
      'decided',
      'reminded',
      'decided',
      'approved',
    ]);
    expect(await mailsAbout(title, 'first')).toEqual([
      `Reminder: Approval needed: ${title}`,
      `Approval needed: ${title}`,
    ]);
    expect(await mailsAbout(title, 'second')).toHaveLength(3);
  });
});

describe('a request with a time of its own', () => {
  test('expires, whatever its stages wait for', async () => {
    const { id } = await ask({ timeout: 'P10D' }, { expires_in: 'P2D' });
    await world.pass(2 * DAY + MINUTE);
    expect(await world.api.read(id)).toMatchObject({ state: 'expired', stages: [{ state: 'expired' }] });
    expect(await types(id)).toEqual(['created', 'stage_opened', 'expired']);
  });

  test('expires also while it waits for changes', async () => {
    const { id } = await ask({ timeout: 'P1D' }, { expires_in: 'P2D' });
    await world.api.decide(id, keys['first']!, 'request_changes');
    await world.pass(2 * DAY + MINUTE);
    expect(await world.api.read(id)).toMatchObject({ state: 'expired' });
  });
});

describe('working time', () => {
  test('two days from Friday afternoon end on Tuesday afternoon', async () => {
    await world.api.need('PUT', '/api/v1/calendars/office', {
      timezone: 'UTC',
      days: ['mon', 'tue', 'wed', 'thu', 'fri'],
      hours: { from: '09:00', to: '17:00' },
      holidays: [],
    });
    const friday = nextFridayAt15(world.now());
    await world.pass(friday - world.now().getTime());
    const { id, stages } = await ask({ timeout: 'P2D', calendar: 'office' });
    const deadline = new Date(stages[0].deadline_at);
    expect([deadline.getUTCDay(), deadline.getUTCHours()]).toEqual([2, 15]);
    await world.pass(3 * DAY + 23 * HOUR);
    expect(await world.api.read(id)).toMatchObject({ state: 'pending' });
    await world.pass(2 * HOUR);
    expect(await world.api.read(id)).toMatchObject({ state: 'rejected' });
  });
});

function nextFridayAt15(after: Date): number {
  const day = new Date(Date.UTC(after.getUTCFullYear(), after.getUTCMonth(), after.getUTCDate() + 1, 15));
  while (day.getUTCDay() !== 5) day.setUTCDate(day.getUTCDate() + 1);
  return day.getTime();
}
