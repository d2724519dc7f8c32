import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { House, problem, stage } from '../approvals/api/support/house.ts';
import { MovableClock } from '../pages-flow/support/movable-clock.ts';

const DEFAULT_SERVICE_SCOPES = [
  'approvals:read',
  'approvals:write',
  'usage:write',
  'reservations:write',
  'governance:decide',
];

let house: House;
const clock = new MovableClock();

beforeAll(async () => {
  house = await House.open({ a: ['member'], viewer: ['viewer'], lead: ['admin'] }, { clock });
  await house.personOfOrganization('chief', ['admin']);
});

afterAll(() => house?.close());

function make(body: Record<string, unknown>, key?: string) {
  return house.api.call('POST', '/api/v1/api-keys', body, key);
}

async function made(
  body: Record<string, unknown>,
  key?: string,
): Promise<{ id: string; key: string; scopes: string[] }> {
  return house.api.need('POST', '/api/v1/api-keys', body, key);
}

async function statusOf(key: string, method = 'GET', path = '/api/v1/teams', body?: unknown): Promise<number> {
  return (await house.api.call(method, path, body, key)).status;
}

describe('without a live key', () => {
  test.each([
    [undefined],
    ['Bearer'],
    ['Bearer wrong'],
    ['Basic dXNlcjpwYXNz'],
    ['Bearer two words'],
    [`Bearer ${'x'.repeat(600)}`],
  ])('nothing is answered (%s)', async (authorization) => {
    const answer = await fetch(`${house.system.baseUrl}/api/v1/teams`, {
      headers: authorization ? { authorization } : {},
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.json()).toMatchObject(problem('unauthenticated'));
  });

  test('one that has expired is none', async () => {
    const { key } = await made({
      service_name: 'short-lived',
      expires_at: new Date(clock.now().getTime() + 60_000).toISOString(),
    });
    expect(await statusOf(key)).toBe(200);
    clock.advanceMinutes(2);
    expect(await statusOf(key)).toBe(401);
    expect(
      await make({ service_name: 'too late', expires_at: new Date(clock.now().getTime() - 1_000).toISOString() }),
    ).toMatchObject({ status: 400, body: { errors: [{ path: 'expires_at' }] } });
  });

  test('one that was revoked is none, and cannot be revoked again', async () => {
    const { id, key } = await made({ service_name: 'revoked' });
    expect((await house.api.call('DELETE', `/api/v1/api-keys/${id}`, undefined, house.key('a'))).status).toBe(403);
    expect((await house.api.call('DELETE', `/api/v1/api-keys/${id}`)).status).toBe(204);
    expect(await statusOf(key)).toBe(401);
    expect((await house.api.call('DELETE', `/api/v1/api-keys/${id}`)).status).toBe(404);
    expect(
      (await house.api.need('GET', '/api/v1/api-keys?limit=200')).items.map((item: { id: string }) => item.id),
    ).not.toContain(id);
  });
});

describe('the scopes of a key', () => {
  test('of a service are what api users expect where nothing is said', async () => {
    expect((await made({ service_name: 'plain' })).scopes.toSorted()).toEqual(DEFAULT_SERVICE_SCOPES.toSorted());
  });

  test('are all it can do', async () => {
    const { key } = await made({ service_name: 'reader', scopes: ['approvals:read'] });
    expect(await statusOf(key, 'GET', '/api/v1/approvals')).toBe(200);
    expect(await house.api.call('POST', '/api/v1/approvals', house.body([stage(['a'])]), key)).toMatchObject({
      status: 403,
      body: problem('forbidden'),
    });
    expect(await statusOf(key, 'POST', '/api/v1/teams', { name: 'x' })).toBe(403);
  });

  test('are never more than its maker’s, for whomever it is made', async () => {
    const { key: narrow } = await made({ service_name: 'provisioning', scopes: ['admin', 'approvals:read'] });
    expect((await make({ service_name: 'wider', scopes: ['approvals:write'] }, narrow)).status).toBe(403);
    expect((await make({ user_id: 'a', scopes: ['approvals:decide'] }, narrow)).status).toBe(403);
    expect((await made({ user_id: 'lead' }, narrow)).scopes.toSorted()).toEqual(['admin', 'approvals:read']);
    expect((await made({ user_id: 'a' }, narrow)).scopes).toEqual(['approvals:read']);
    expect((await made({ service_name: 'narrower', scopes: ['approvals:read'] }, narrow)).scopes).toEqual([
      'approvals:read',
    ]);
  });

  test('are never more than its person may: named ones are refused, and others are not shown', async () => {
    for (const key of [undefined, house.key('chief')])
      expect(
        await make({ user_id: 'viewer', scopes: ['admin', 'approvals:read', 'billing:write'] }, key),
      ).toMatchObject({
        status: 403,
        body: { ...problem('forbidden'), detail: 'A key cannot give more than its person may: admin, billing:write.' },
      });
    const { id, scopes } = await made({ user_id: 'viewer' });
    expect(scopes).toEqual(['approvals:read', 'approvals:decide', 'billing:read']);
    const { items } = await house.api.need('GET', '/api/v1/api-keys?limit=200');
    expect(items.find((item: { id: string }) => item.id === id).scopes).toEqual(scopes);
  });

  test('follow the roles of the person', async () => {
    await house.person('mover', ['admin']);
    const { id, key } = await made({ user_id: 'mover', scopes: ['admin', 'approvals:read'] });
    expect(await statusOf(key, 'POST', '/api/v1/teams', { name: 'x', parent_team_id: 'research' })).toBe(201);
    await house.person('mover', ['viewer']);
    expect(await statusOf(key, 'POST', '/api/v1/teams', { name: 'x', parent_team_id: 'research' })).toBe(403);
    const { items } = await house.api.need('GET', '/api/v1/api-keys?limit=200');
    expect(items.find((item: { id: string }) => item.id === id).scopes).toEqual(['approvals:read']);
  });

  test('count once, however often one is named', async () => {
    expect((await made({ service_name: 'twice', scopes: ['admin', 'admin'] })).scopes).toEqual(['admin']);
  });

  test('of one’s own key are at most those of the key in hand', async () => {
    const { key: reading } = await made({ user_id: 'a', scopes: ['approvals:read'] });
    expect((await make({ user_id: 'a', scopes: ['approvals:decide'] }, reading)).status).toBe(403);
    expect((await made({ user_id: 'a' }, reading)).scopes).toEqual(['approvals:read']);
  });
});

describe('a key for somebody else', () => {
  test('takes an admin of the whole organization, and the person is told', async () => {
    expect((await make({ user_id: 'viewer' }, house.key('lead'))).status).toBe(403);
    expect((await make({ user_id: 'viewer' }, house.key('a'))).status).toBe(403);
    await made({ user_id: 'viewer' }, house.key('chief'));
    await house.system.until(
      async () =>
        (await house.system.mails('viewer@example.test')).find(
          (mail) => mail.subject === 'An API key was made for you',
        ),
      'the person is told',
    );
  });

  test('of a service of one’s own team takes an admin of the team, and acts there only', async () => {
    await house.team('other');
    const { key } = await made({ service_name: 'team robot', team_id: 'research' }, house.key('lead'));
    expect((await house.api.call('POST', '/api/v1/approvals', house.body([stage(['a'])]), key)).status).toBe(201);
    expect(
      (await house.api.call('POST', '/api/v1/approvals', house.body([stage(['a'])], { team_id: 'other' }), key)).status,
    ).toBe(403);
    expect((await make({ service_name: 'robot', team_id: 'other' }, house.key('lead'))).status).toBe(403);
    expect((await make({ service_name: 'robot' }, house.key('lead'))).status).toBe(403);
  });

  test('is listed for admins of the organization; everybody else lists their own', async () => {
    const own = (await house.api.need('GET', '/api/v1/api-keys?limit=200', undefined, house.key('a'))).items;
    expect(new Set(own.map((item: { user_id: string }) => item.user_id))).toEqual(new Set(['a']));
    expect(
      (await house.api.need('GET', '/api/v1/api-keys?limit=200', undefined, house.key('chief'))).items.length,
    ).toBeGreaterThan(own.length);
    expect(JSON.stringify(own)).not.toContain(house.key('a'));
  });
});

describe('a person who is removed', () => {
  test('from their last team can no longer use their keys, and is asked no longer', async () => {
    await house.team('second');
    await house.person('leaver', ['manager']);
    await house.person('leaver', ['member'], { team: 'second' });
    const { id } = await house.ask([stage(['leaver', 'a'])]);
    expect((await house.api.call('DELETE', '/api/v1/teams/research/members/leaver')).status).toBe(204);
    expect(await statusOf(house.key('leaver'))).toBe(200);
    expect((await house.api.call('DELETE', '/api/v1/teams/second/members/leaver')).status).toBe(204);
    expect(await statusOf(house.key('leaver'))).toBe(401);
    expect((await house.decide(id, 'leaver')).status).toBe(401);
    await house.system.until(
      async () => (await house.api.read(id)).stages[0].approvers.length === 1,
      'they are asked no longer',
    );
    expect((await house.tryToAsk([stage(['leaver'])])).status).toBe(400);
    expect((await house.api.call('DELETE', '/api/v1/teams/second/members/leaver')).status).toBe(404);
  });
});

describe('organizations', () => {
  test('are made with the operator’s key only', async () => {
    const { owner_key } = await house.api.need('POST', '/api/v1/organizations', { name: 'Another' });
    for (const key of [owner_key, house.key('chief'), (await made({ service_name: 'robot', scopes: ['admin'] })).key]) {
      expect(await house.api.call('POST', '/api/v1/organizations', { name: 'Mine' }, key)).toMatchObject({
        status: 403,
        body: problem('forbidden'),
      });
    }
  });
});
