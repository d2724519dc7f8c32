import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asked, House, problem, stage } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({
    a: ['member'],
    b: ['member'],
    c: ['member'],
    d: ['member'],
    boss: ['manager'],
    boss2: ['manager'],
    admin: ['admin'],
  });
  await house.personOfOrganization('auditor', ['auditor', 'finance']);
});

afterAll(() => house?.close());

/** Asks, and fails unless the preview of the very same body says the same. */
async function askAsPreviewed(stages: Parameters<House['ask']>[0], more: Record<string, unknown> = {}) {
  const preview = await house.preview(stages, more);
  const made = await house.ask(stages, more);
  const shown = (approval: typeof made) =>
    approval.stages.map(({ name, required, approvers }: Record<string, unknown>) => ({ name, required, approvers }));
  expect(preview.problems).toEqual([]);
  expect(shown(made)).toEqual(shown(preview));
  return made;
}

describe('a quorum', () => {
  test.each([
    [['a', 'b', 'c'], 1, 1],
    [['a', 'b', 'c'], 2, 2],
    [['a', 'b', 'c'], 3, 3],
    [['a', 'b', 'c'], 'all', 3],
    [['a', 'b', 'c'], 'majority', 2],
    [['a', 'b', 'c', 'd'], 'majority', 3],
    [['asker', 'a', 'b'], 'all', 2],
    [['asker', 'a', 'b', 'c', 'd'], 'majority', 3],
    [['a'], 'majority', 1],
  ])('of %j with required %j is met by exactly %i, the requester taken out', async (names, required, needed) => {
    const { id, stages } = await askAsPreviewed([stage(names, { required })]);
    const others = names.filter((name) => name !== 'asker');
    expect(stages[0]).toMatchObject({ required: needed, state: 'open' });
    expect(asked({ stages })[0]).toEqual(others);
    for (const [index, user] of others.slice(0, needed).entries()) {
      const { body } = await house.decide(id, user);
      expect(body.state).toBe(index + 1 === needed ? 'approved' : 'pending');
    }
  });

  test('is not waited for once one person rejects', async () => {
    const { id } = await house.ask([stage(['a', 'b', 'c'], { required: 2 }), stage(['d'])]);
    await house.decide(id, 'a');
    const { body } = await house.decide(id, 'b', 'reject', { comment: 'No.' });
    expect(body).toMatchObject({
      state: 'rejected',
      outcome_reason: 'Rejected by an approver of stage 1. No.',
      stages: [{ state: 'rejected' }, { state: 'waiting' }],
    });
  });
});

describe('who is asked', () => {
  test('by name', async () => {
    const { stages } = await askAsPreviewed([stage(['a', 'b'])]);
    expect(stages[0].approvers).toEqual([
      { user_id: 'a', email: 'a@example.test', reason: 'named in the chain' },
      { user_id: 'b', email: 'b@example.test', reason: 'named in the chain' },
    ]);
  });

  test('by role: everybody who holds it in the team', async () => {
    const { stages } = await askAsPreviewed([stage(['@manager'])]);
    expect(asked({ stages })).toEqual([['boss', 'boss2']]);
    expect(stages[0]).toMatchObject({ name: 'manager', approvers: [{ reason: 'holds the role manager' }, {}] });
  });

  test('by role: else in the nearest team above that has one', async () => {
    await house.team('lab', { parent_team_id: 'research' });
    await house.person('head', ['manager'], { team: 'lab' });
    expect(asked(await askAsPreviewed([stage(['@manager'])], { team_id: 'lab' }))).toEqual([['head']]);
    expect(asked(await askAsPreviewed([stage(['@finance'])], { team_id: 'lab' }))).toEqual([['auditor']]);
  });

  test('`manager` is the requester’s own, where they have one', async () => {
    await house.person('junior', ['member'], { manager_id: 'boss2' });
    const { stages } = await askAsPreviewed([stage(['@manager'])], { requester_id: 'junior' });
    expect(stages[0].approvers).toMatchObject([{ user_id: 'boss2', reason: 'the requester’s manager' }]);
  });

  test('by address: a guest, who is no user and decides by the link', async () => {
    const { stages } = await house.ask([stage(['guest@elsewhere.test'])]);
    expect(stages[0].approvers).toEqual([
      { user_id: null, email: 'guest@elsewhere.test', reason: 'named in the chain' },
    ]);
    const mail = await house.system.until(
      async () => (await house.system.mails('guest@elsewhere.test'))[0],
      'a mail to the guest',
    );
    expect(mail.text).toContain(`${house.system.baseUrl}/r/`);
  });

  test('by a member’s address, in whatever case: the member', async () => {
    const { stages } = await askAsPreviewed([stage(['A@Example.TEST', 'a', 'b'], { required: 'all' })]);
    expect(stages[0]).toMatchObject({ required: 2, approvers: [{ user_id: 'a' }, { user_id: 'b' }] });
  });

  test('one person once, whatever names and roles lead to them', async () => {
    const { id, stages } = await askAsPreviewed([
      stage(['boss', '@manager', 'boss@example.test'], { required: 'all' }),
    ]);
    expect(asked({ stages })).toEqual([['boss', 'boss2']]);
    await house.decide(id, 'boss');
    expect((await house.decide(id, 'boss')).body).toMatchObject({ state: 'pending' });
    expect((await house.decide(id, 'boss2')).body).toMatchObject({ state: 'approved' });
  });

  test('again when the stage opens: who has decided before is not asked once more', async () => {
    const { id } = await house.ask([stage(['a', 'b']), stage(['a', 'c'])]);
    const { body } = await house.decide(id, 'a');
    expect(body.stages[1]).toMatchObject({ state: 'open', approvers: [{ user_id: 'c' }] });
    expect(await house.decide(id, 'a')).toMatchObject({ status: 200, body: { state: 'pending' } });
    expect((await house.decide(id, 'c')).body).toMatchObject({ state: 'approved' });
  });

  test('of a waiting stage: who would be asked now', async () => {
    const { id } = await house.ask([stage(['a']), stage(['@director'])]).catch(() => ({ id: null }));
    expect(id).toBeNull();
    await house.person('dir', ['director']);
    const made = await house.ask([stage(['a']), stage(['@director'])]);
    await house.person('dir2', ['director']);
    expect(asked(await house.api.read(made.id))).toEqual([['a'], ['dir', 'dir2']]);
    expect(asked((await house.decide(made.id, 'a')).body)).toEqual([['a'], ['dir', 'dir2']]);
  });
});

describe('a delegate', () => {
  test('is asked instead of somebody absent, and decides in their place', async () => {
    await house.absent('c', 'd');
    const { id, stages } = await askAsPreviewed([stage(['c'])]);
    expect(stages[0].approvers).toEqual([
      { user_id: 'd', email: 'd@example.test', reason: 'delegate of c, who is absent (named in the chain)' },
    ]);
    expect(await house.decide(id, 'c')).toMatchObject({ status: 403, body: problem('not-an-approver') });
    expect((await house.decide(id, 'd')).body.stages[0].decisions).toMatchObject([{ user_id: 'd', on_behalf_of: 'c' }]);
    await house.api.need('DELETE', '/api/v1/users/c/absence');
  });

  test('of a delegate is asked where both are absent', async () => {
    await house.absent('c', 'd');
    await house.absent('d', 'b');
    expect(asked(await askAsPreviewed([stage(['c'])]))).toEqual([['b']]);
    for (const user of ['c', 'd']) await house.api.need('DELETE', `/api/v1/users/${user}/absence`);
  });

  test('who is asked anyway counts once: the stage needs somebody else', async () => {
    await house.absent('c', 'd');
    expect(asked(await askAsPreviewed([stage(['c', 'd'])]))).toEqual([['d']]);
    expect(await house.tryToAsk([stage(['c', 'd'], { required: 2 })])).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'chain.stages.0.required' }] },
    });
    await house.api.need('DELETE', '/api/v1/users/c/absence');
  });

  test('who may not decide is not asked: the requester does not become an approver by standing in', async () => {
    await house.absent('c', 'asker');
    expect(await house.tryToAsk([stage(['c'])])).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'chain.stages.0.approvers' }] },
    });
    const { id } = await house.ask([stage(['c', 'd'])]);
    expect(await house.decide(id, 'asker')).toMatchObject({ status: 403, body: problem('separation-of-duties') });
    await house.api.need('DELETE', '/api/v1/users/c/absence');
  });
});

describe('separation of duties', () => {
  test('keeps the requester and whoever made the request out, on whatever way they are named', async () => {
    const made = await house.ask(
      [stage(['@admin', 'asker', 'admin', 'a', 'admin@example.test'], { required: 'all' })],
      {},
      'admin',
    );
    expect(made.stages[0]).toMatchObject({ required: 1, approvers: [{ user_id: 'a' }] });
    for (const user of ['asker', 'admin'])
      expect(await house.decide(made.id, user)).toMatchObject({ status: 403, body: problem('separation-of-duties') });
  });

  test('refuses a request that only they could decide', async () => {
    const answer = await house.tryToAsk([stage(['@admin', 'asker'])], {}, 'admin');
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'chain.stages.0.approvers' }] } });
    expect(answer.body.errors[0].message).toContain(
      'neither the requester nor whoever made the request may decide on it',
    );
  });

  test('holds for the delegate of somebody who is asked, where the delegate made the request', async () => {
    await house.absent('c', 'admin');
    expect(await house.tryToAsk([stage(['c'])], {}, 'admin')).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'chain.stages.0.approvers' }] },
    });
    await house.api.need('DELETE', '/api/v1/users/c/absence');
  });

  test('holds after a reassignment', async () => {
    const { id } = await house.ask([stage(['a'])], {}, 'admin');
    for (const to of ['asker', 'admin']) {
      expect((await house.change(id, 'reassign', { from_user_id: 'a', to_user_id: to })).status).toBe(403);
    }
  });
});

describe('what can never be met', () => {
  test('is told by the preview, and refused', async () => {
    const stages = [stage(['a']), stage(['a'])];
    const preview = await house.preview(stages);
    expect(preview.problems).toMatchObject([{ code: 'stages-compete' }]);
    const refused = await house.tryToAsk(stages);
    expect(refused.status).toBe(400);
    expect(refused.body.errors[0].message).toBe(preview.problems[0].message);
  });

  test('a preview changes nothing, guests included', async () => {
    const counts = () =>
      house.system.core.work.read('00000000-0000-7000-8000-000000000001', (em) =>
        em.execute(
          'select (select count(*) from countersign.people) as people, (select count(*) from countersign.approvals) as approvals, (select count(*) from countersign.audit_entries) as audited',
        ),
      );
    const before = await counts();
    expect(asked(await house.preview([stage(['nobody-yet@elsewhere.test'])]))).toEqual([['nobody-yet@elsewhere.test']]);
    expect(await counts()).toEqual(before);
  });
});
