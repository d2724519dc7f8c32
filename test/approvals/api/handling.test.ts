import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asked, House, problem, stage } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({
    a: ['member'],
    b: ['member'],
    c: ['member'],
    friend: ['member'],
    leaver: ['member'],
    holder: ['director'],
    away: ['member'],
    stand: ['member'],
    admin: ['admin'],
  });
});

afterAll(() => house?.close());

describe('a place', () => {
  test('is not given to a friend by whoever asks', async () => {
    const { id } = await house.ask([stage(['a'])], {}, 'asker');
    expect(await house.change(id, 'reassign', { from_user_id: 'a', to_user_id: 'friend' }, 'asker')).toMatchObject({
      status: 403,
      body: problem('forbidden'),
    });
    expect(asked(await house.api.read(id))).toEqual([['a']]);
  });

  test.each([
    ['leaver', 'leaver'],
    ['holder', '@director'],
  ])(
    'of %s, who has left, is given to somebody else; that of somebody who never had one is not',
    async (user, named) => {
      const { id } = await house.ask([stage([named])]);
      await house.api.need('DELETE', `/api/v1/teams/research/members/${user}`);
      await house.system.until(
        async () => asked(await house.api.read(id))[0]?.length === 0,
        'nobody is asked any more',
      );
      expect(await house.change(id, 'reassign', { from_user_id: 'c', to_user_id: 'b' })).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'from_user_id' }] },
      });
      expect(asked((await house.change(id, 'reassign', { from_user_id: user, to_user_id: 'b' })).body)).toEqual([
        ['b'],
      ]);
      expect((await house.decide(id, 'b')).body).toMatchObject({ state: 'approved' });
    },
  );

  test('of a guest is named by address', async () => {
    const { id } = await house.ask([stage(['guest@elsewhere.test'])]);
    for (const [body, path] of [
      [{ to_user_id: 'b' }, 'from_user_id'],
      [{ from_user_id: 'a', from_email: 'guest@elsewhere.test', to_user_id: 'b' }, 'from_user_id'],
      [{ from_email: 'nobody@elsewhere.test', to_user_id: 'b' }, 'from_email'],
    ] as const)
      expect(await house.change(id, 'reassign', body)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
    expect(
      asked((await house.change(id, 'reassign', { from_email: 'Guest@elsewhere.test', to_user_id: 'b' })).body),
    ).toEqual([['b']]);
  });
});

describe('a reminder by hand', () => {
  test('is taken once in ten minutes for each stage', async () => {
    const { id } = await house.ask([stage(['a']), stage(['b'])]);
    const answers = await Promise.all(Array.from({ length: 3 }, () => house.change(id, 'remind', {}, 'asker')));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 429, 429]);
    const refused = await house.change(id, 'remind', {}, 'admin');
    expect(refused).toMatchObject({ status: 429, body: problem('rate-limited') });
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(580);
    expect(wait).toBeLessThanOrEqual(600);
    await house.decide(id, 'a');
    expect((await house.change(id, 'remind', {}, 'asker')).status).toBe(200);
    expect((await house.timelineTypes(id)).filter((type) => type === 'reminded')).toHaveLength(2);
  });
});

test('an absent approver sees what is decided in their place', async () => {
  await house.absent('away', 'stand');
  const { id } = await house.ask([stage(['away'])]);
  await house.decide(id, 'stand');
  for (const path of [`/${id}`, `/${id}/timeline`])
    expect((await house.api.call('GET', `/api/v1/approvals${path}`, undefined, house.key('away'))).status).toBe(200);
  const { items } = await house.api.need('GET', '/api/v1/approvals?limit=200', undefined, house.key('away'));
  expect(items.map((item: { id: string }) => item.id)).toContain(id);
  expect((await house.api.call('GET', `/api/v1/approvals/${id}`, undefined, house.key('c'))).status).toBe(403);
});

test.each([
  ['{"__proto__":{"paid":true}}', 'context.__proto__'],
  ['{"lines":[{"a":1},{"__proto__":1}]}', 'context.lines.1.__proto__'],
])('a context that would lose a member is refused: %s', async (context, path) => {
  const body = { ...house.body([stage(['a'])]), context: JSON.parse(context) };
  const answer = await house.api.call('POST', '/api/v1/approvals', body);
  expect(answer).toMatchObject({
    status: 400,
    body: { errors: [{ path, message: 'must not be the name of a member' }] },
  });
});
