import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asked, House, problem, stage } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({ a: ['member'], b: ['member'], c: ['member'], outsider: ['member'], admin: ['admin'] });
});

afterAll(() => house?.close());

describe('a decision', () => {
  test('answers with the approval as it now is', async () => {
    const { id, title } = await house.ask([stage(['a'], { name: 'First look' }), stage(['b'])]);
    const { status, body } = await house.decide(id, 'a', 'approve', { comment: 'Fine with me' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      title,
      state: 'pending',
      revision: 1,
      decided_at: null,
      stages: [
        { name: 'First look', state: 'approved' },
        { name: 'Stage 2', state: 'open' },
      ],
    });
    expect(body.stages[0].decisions).toEqual([
      {
        user_id: 'a',
        email: 'a@example.test',
        decision: 'approve',
        comment: 'Fine with me',
        at: expect.any(String),
        channel: 'api',
        on_behalf_of: null,
      },
    ]);
    expect(await house.api.read(id)).toEqual(body);
  });

  test('the same again is answered the same and counts once; another one is refused', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })]);
    const first = await house.decide(id, 'a');
    expect(await house.decide(id, 'a')).toMatchObject({ status: 200, body: first.body });
    for (const other of ['reject', 'request_changes']) {
      expect(await house.decide(id, 'a', other)).toMatchObject({
        status: 409,
        body: { ...problem('already-decided'), state: 'pending' },
      });
    }
    expect((await house.api.read(id)).stages[0].decisions).toHaveLength(1);
    expect(await house.timelineTypes(id)).toEqual(['created', 'stage_opened', 'decided']);
  });

  test('of whoever is not asked is refused: not yet, not at all, the owner’s key included', async () => {
    const { id } = await house.ask([stage(['a']), stage(['b'])]);
    for (const user of ['b', 'outsider', 'admin'])
      expect(await house.decide(id, user)).toMatchObject({ status: 403, body: problem('not-an-approver') });
    expect(await house.api.decide(id, house.system.ownerKey, 'approve')).toMatchObject({
      status: 403,
      body: problem('not-an-approver'),
    });
    const service = await house.api.need('POST', '/api/v1/api-keys', {
      service_name: 'robot',
      scopes: ['approvals:decide', 'approvals:read'],
    });
    expect(await house.api.decide(id, service.key, 'approve')).toMatchObject({
      status: 403,
      body: problem('not-an-approver'),
    });
    expect(await house.timelineTypes(id)).toEqual(['created', 'stage_opened']);
  });

  test('that comes late is answered with what was decided, kept as late, and changes nothing', async () => {
    const { id } = await house.ask([stage(['a', 'b'])]);
    await house.decide(id, 'a');
    const before = await house.api.read(id);
    expect(await house.decide(id, 'b', 'reject', { comment: 'Wait!' })).toMatchObject({
      status: 409,
      body: { ...problem('approval-closed'), state: 'approved' },
    });
    expect((await house.api.read(id)).stages).toEqual(before.stages);
    const timeline = await house.api.timeline(id);
    expect(timeline.find((item) => item.type === 'late_decision')).toMatchObject({
      user_id: 'b',
      channel: 'api',
      detail: 'Rejected, after the request was closed: it does not count. Wait!',
    });
  });

  test('on a request that does not exist is not found', async () => {
    expect(await house.decide('00000000-0000-7000-8000-00000000ffff', 'a')).toMatchObject({
      status: 404,
      body: problem('not-found'),
    });
    expect(await house.api.decide('no-uuid', house.key('a'), 'approve')).toMatchObject({
      status: 404,
      body: problem('not-found'),
    });
  });
});

describe('a withdrawal', () => {
  test.each([
    ['asker', 200],
    ['admin', 200],
    ['a', 403],
    ['outsider', 403],
  ])('by %s is answered %i', async (user, expected) => {
    const { id } = await house.ask([stage(['a'])]);
    const { status, body } = await house.change(id, 'withdraw', { reason: 'Not needed' }, user);
    expect(status).toBe(expected);
    expect(await house.api.read(id)).toMatchObject({ state: expected === 200 ? 'withdrawn' : 'pending' });
    if (expected === 200)
      expect(body).toMatchObject({
        state: 'withdrawn',
        outcome_reason: 'Withdrawn before it was decided. Not needed',
        stages: [{ state: 'skipped' }],
      });
  });

  test('closes the request for good', async () => {
    const { id } = await house.ask([stage(['a'])]);
    await house.change(id, 'withdraw', {}, 'asker');
    for (const [action, body] of [
      ['withdraw', {}],
      ['remind', {}],
      ['resubmit', { title: 'Again' }],
      ['reassign', { from_user_id: 'a', to_user_id: 'b' }],
    ] as const) {
      expect(await house.change(id, action, body)).toMatchObject({
        status: 409,
        body: { ...problem('approval-closed'), state: 'withdrawn' },
      });
    }
    expect((await house.decide(id, 'a')).status).toBe(409);
    expect(await house.timelineTypes(id)).toEqual(['created', 'stage_opened', 'withdrawn', 'late_decision']);
  });
});

describe('a reassignment', () => {
  test('is made by an admin, or by whoever is asked', async () => {
    for (const user of ['admin', 'a']) {
      const { id } = await house.ask([stage(['a', 'b'], { required: 2 })]);
      expect((await house.change(id, 'reassign', { from_user_id: 'a', to_user_id: 'c' }, 'outsider')).status).toBe(403);
      const { body } = await house.change(id, 'reassign', { from_user_id: 'a', to_user_id: 'c' }, user);
      expect(asked(body)[0]?.toSorted()).toEqual(['b', 'c']);
      const mail = await house.system.until(
        async () => (await house.system.mails('c@example.test')).find((one) => one.text.includes('handed to you')),
        'a mail to the new approver',
      );
      expect(mail.subject).toBe('Approval needed: A request');
    }
  });

  test.each([
    ['somebody who is not asked', { from_user_id: 'c', to_user_id: 'outsider' }, 'from_user_id'],
    ['somebody unknown', { from_user_id: 'a', to_user_id: 'nobody' }, 'to_user_id'],
    ['the same person', { from_user_id: 'a', to_user_id: 'a' }, 'to_user_id'],
    ['somebody who is asked already', { from_user_id: 'a', to_user_id: 'b' }, 'to_user_id'],
  ])('from or to %s is refused', async (_, body, path) => {
    const { id } = await house.ask([stage(['a', 'b'])]);
    expect(await house.change(id, 'reassign', body)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
    expect(await house.timelineTypes(id)).toEqual(['created', 'stage_opened']);
  });
});

describe('a reminder', () => {
  test('goes to those who have not answered', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })], { title: 'Remind me' });
    await house.decide(id, 'a');
    expect((await house.change(id, 'remind', {}, 'asker')).status).toBe(200);
    await house.system.until(
      async () =>
        (await house.system.mails('b@example.test')).find(
          (mail) => mail.subject === 'Reminder: Approval needed: Remind me',
        ),
      'the reminder',
    );
    expect((await house.system.mails('a@example.test')).map((mail) => mail.subject)).not.toContain(
      'Reminder: Approval needed: Remind me',
    );
    expect(await house.timelineTypes(id)).toEqual(['created', 'stage_opened', 'decided', 'reminded']);
  });
});

describe('a resubmission', () => {
  test('of words alone keeps revision and approvals', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })], { description: 'Before' });
    await house.decide(id, 'a');
    const { body } = await house.change(id, 'resubmit', { title: 'A better title', description: null }, 'asker');
    expect(body).toMatchObject({
      title: 'A better title',
      description: null,
      revision: 1,
      state: 'pending',
      stages: [{ decisions: [{ user_id: 'a' }] }],
    });
    expect((await house.decide(id, 'b')).body).toMatchObject({ state: 'approved' });
  });

  test.each([
    ['amount', { amount: { value: '20.00', currency: 'USD' } }],
    ['context', { context: { vendor: 'Other' } }],
    ['chain', { chain: { stages: [stage(['a', 'b', 'c'], { required: 2 })] } }],
  ])('of the %s asks everybody again in a new revision', async (_, change) => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })], {
      amount: { value: '10', currency: 'USD' },
      context: { vendor: 'One' },
    });
    await house.decide(id, 'a', 'approve', { comment: 'For the first' });
    const { body } = await house.change(id, 'resubmit', change, 'asker');
    expect(body).toMatchObject({
      ...('amount' in change ? change : {}),
      revision: 2,
      state: 'pending',
      stages: [{ state: 'open', decisions: [] }],
    });
    expect(await house.decide(id, 'a', 'approve', { revision: 1 })).toMatchObject({
      status: 409,
      body: problem('stale-revision'),
    });
    expect((await house.decide(id, 'a', 'approve', { revision: 2 })).status).toBe(200);
    expect(await house.timelineTypes(id)).toEqual([
      'created',
      'stage_opened',
      'decided',
      'resubmitted',
      'stage_opened',
      'decided',
    ]);
    expect((await house.api.timeline(id)).find((item) => item.type === 'decided').detail).toBe(
      'Approved. For the first',
    );
  });

  test('of what is the same in other words is none', async () => {
    const { id } = await house.ask([stage(['a'])], {
      amount: { value: '10', currency: 'USD' },
      context: { a: 1, b: { c: 2, d: 3 } },
    });
    const same = {
      amount: { value: '10.000', currency: 'USD' },
      context: { b: { d: 3, c: 2 }, a: 1 },
      chain: { stages: [stage(['a'])] },
      title: 'A request',
    };
    expect(await house.change(id, 'resubmit', same, 'asker')).toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('nothing would change') }] },
    });
  });

  test('answers a request for changes, with or without one; whoever asked for changes decides anew', async () => {
    const { id } = await house.ask([stage(['a']), stage(['b'])]);
    const { body } = await house.decide(id, 'a', 'request_changes', { comment: 'Which vendor?' });
    expect(body).toMatchObject({
      state: 'changes_requested',
      stages: [{ state: 'open', decisions: [{ decision: 'request_changes', comment: 'Which vendor?' }] }, {}],
    });
    await house.system.until(
      async () => (await house.system.mails('asker@example.test')).find((mail) => mail.text.includes('Which vendor?')),
      'the requester is told',
    );
    expect((await house.change(id, 'resubmit', {}, 'asker')).body).toMatchObject({
      state: 'pending',
      revision: 1,
      stages: [{ state: 'open', decisions: [] }, {}],
    });
    await house.decide(id, 'a');
    expect((await house.decide(id, 'b')).body).toMatchObject({ state: 'approved' });
    expect(await house.timelineTypes(id)).toEqual([
      'created',
      'stage_opened',
      'decided',
      'changes_requested',
      'resubmitted',
      'stage_opened',
      'decided',
      'stage_opened',
      'decided',
      'approved',
    ]);
  });

  test('that could not be met is refused, and changes nothing', async () => {
    const { id } = await house.ask([stage(['a'])]);
    const refused = await house.change(
      id,
      'resubmit',
      { title: 'New', chain: { stages: [stage(['a'], { required: 2 })] } },
      'asker',
    );
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'chain.stages.0.required' }] } });
    expect(await house.api.read(id)).toMatchObject({ title: 'A request', revision: 1 });
  });

  test('is for requester and admins', async () => {
    const { id } = await house.ask([stage(['a'])]);
    for (const user of ['a', 'outsider'])
      expect((await house.change(id, 'resubmit', { title: 'Mine' }, user)).status).toBe(403);
    expect((await house.change(id, 'resubmit', { title: 'Corrected' }, 'admin')).status).toBe(200);
  });
});

describe('whoever asks', () => {
  test('is told the outcome by mail, with the words of whoever decided', async () => {
    const { id } = await house.ask([stage(['a'])], { title: 'Told the outcome' });
    await house.decide(id, 'a', 'reject', { comment: 'Too dear' });
    const mail = await house.system.until(
      async () =>
        (await house.system.mails('asker@example.test')).find(
          ({ subject }) => subject === 'Rejected: Told the outcome',
        ),
      'the outcome',
    );
    expect(mail.text).toContain('Too dear');
    // The entry follows once the mail server has taken the mail.
    const mailed = async () =>
      (await house.api.timeline(id)).filter((item) => item.type === 'mailed').map((item) => item.user_id);
    await house.system.until(async () => (await mailed()).length === 2, 'both mails in the timeline');
    expect((await mailed()).toSorted()).toEqual(['a', 'asker']);
  });

  test('asks for themselves only, unless they are an admin or a service', async () => {
    expect((await house.tryToAsk([stage(['a'])], {}, 'asker')).status).toBe(201);
    expect(await house.tryToAsk([stage(['a'])], {}, 'outsider')).toMatchObject({
      status: 403,
      body: problem('forbidden'),
    });
    expect((await house.tryToAsk([stage(['a'])], {}, 'admin')).status).toBe(201);
    const service = await house.api.need('POST', '/api/v1/api-keys', { service_name: 'robot' });
    expect((await house.api.call('POST', '/api/v1/approvals', house.body([stage(['a'])]), service.key)).status).toBe(
      201,
    );
  });
});
