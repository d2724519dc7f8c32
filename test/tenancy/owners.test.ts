import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ApiAnswer } from '../support/api-caller.ts';
import { House, problem } from '../approvals/api/support/house.ts';

const ALL_SCOPES = 13;

let house: House;

beforeAll(async () => {
  house = await House.open({ lead: ['admin'], member: ['member'], boss: ['owner'] });
  await house.team('other');
  await house.personOfOrganization('chief', ['admin']);
});

beforeEach(() => house.personOfOrganization('founder', ['owner']));

afterAll(() => house?.close());

function put(place: string, user: string, change: Record<string, unknown>, key?: string): Promise<ApiAnswer> {
  return house.api.call(
    'PUT',
    `/api/v1/${place}/members/${user}`,
    { name: `Name of ${user}`, email: `${user}@example.test`, roles: ['viewer'], ...change },
    key,
  );
}

function remove(place: string, user: string, key?: string): Promise<ApiAnswer> {
  return house.api.call('DELETE', `/api/v1/${place}/members/${user}`, undefined, key);
}

function makeKey(body: Record<string, unknown>, key?: string): Promise<ApiAnswer> {
  return house.api.call('POST', '/api/v1/api-keys', body, key);
}

const serviceOfAdmin = async (): Promise<string> =>
  (await makeKey({ service_name: 'provisioning', scopes: ['admin'] })).body.key;

const forbidden = { status: 403, body: problem('forbidden') };

describe('an owner of the organization', () => {
  test.each([
    ['an admin', () => house.key('chief')],
    ['a service', serviceOfAdmin],
  ])('is not touched by %s', async (_, keyOf) => {
    const key = await keyOf();
    expect(await put('organization', 'founder', {}, key)).toMatchObject(forbidden);
    expect(await put('teams/other', 'founder', { email: 'taken@example.test' }, key)).toMatchObject(forbidden);
    expect(await remove('organization', 'founder', key)).toMatchObject(forbidden);
    expect(await makeKey({ user_id: 'founder' }, key)).toMatchObject(forbidden);
    expect((await house.api.call('GET', '/api/v1/approvals', undefined, house.key('founder'))).status).toBe(200);
  });

  test('keeps their keys, whatever an admin wants', async () => {
    const { items } = await house.api.need('GET', '/api/v1/api-keys?limit=200');
    const strong = items.filter(
      (item: { kind: string; user_id: string | null }) =>
        item.kind === 'operator' || item.kind === 'owner' || item.user_id === 'founder',
    );
    expect(strong.length).toBeGreaterThanOrEqual(2);
    for (const { id } of strong)
      expect(await house.api.call('DELETE', `/api/v1/api-keys/${id}`, undefined, house.key('chief'))).toMatchObject(
        forbidden,
      );
  });

  test('is changed and removed by an owner, by themselves or with the owner’s key', async () => {
    await house.personOfOrganization('second', ['owner']);
    expect((await makeKey({ user_id: 'founder' }, house.key('second'))).status).toBe(201);
    expect((await makeKey({ user_id: 'founder' }, house.key('founder'))).status).toBe(201);
    expect((await put('organization', 'second', { roles: ['owner', 'finance'] }, house.key('second'))).status).toBe(
      200,
    );
    expect((await remove('organization', 'founder', house.key('second'))).status).toBe(204);
    expect((await remove('organization', 'second')).status).toBe(204);
  });
});

describe('an owner of a team', () => {
  test('is not touched by admins, in whichever team', async () => {
    expect(await put('teams/research', 'boss', {}, house.key('lead'))).toMatchObject(forbidden);
    expect(await put('teams/other', 'boss', {}, house.key('chief'))).toMatchObject(forbidden);
    expect(await remove('teams/research', 'boss', house.key('lead'))).toMatchObject(forbidden);
    expect(await makeKey({ user_id: 'boss' }, house.key('chief'))).toMatchObject(forbidden);
  });

  test('has no power over owners of the organization', async () => {
    expect(await put('teams/research', 'founder', {}, house.key('boss'))).toMatchObject(forbidden);
    expect((await put('teams/research', 'boss', { roles: ['owner', 'manager'] }, house.key('boss'))).status).toBe(200);
  });
});

describe('a key that somebody has before they become an owner', () => {
  const works = async (key: string) => (await house.api.call('GET', '/api/v1/teams', undefined, key)).status === 200;
  const told = (user: string) => async () =>
    (await house.system.mails(`${user}@example.test`)).some(
      ({ subject }) => subject === 'API keys of yours were revoked',
    );

  test.each([['teams/research'], ['organization']])(
    'ends with it in %s, unless an owner made it or it was made with such a key',
    async (place) => {
      const user = `riser-${place.replace('/', '-')}`;
      await put('teams/other', user, { roles: ['member'] });
      const key = async (maker?: string): Promise<string> => (await makeKey({ user_id: user }, maker)).body.key;
      const [ofAdmin, ofService, ofOwnersKey, ofOwner] = await Promise.all([
        key(house.key('chief')),
        key(await serviceOfAdmin()),
        key(),
        key(house.key('founder')),
      ]);
      const [ownByAdmins, ownByOwners] = await Promise.all([key(ofAdmin), key(ofOwner)]);
      expect(await put('teams/other', user, { roles: ['admin'] })).toMatchObject({ status: 200 });
      expect(await works(ofAdmin)).toBe(true);

      expect((await put(place, user, { roles: ['owner'] })).status).toBeLessThan(300);
      expect(await Promise.all([ofAdmin, ofService, ownByAdmins].map(works))).toEqual([false, false, false]);
      expect(await Promise.all([ofOwnersKey, ofOwner, ownByOwners].map(works))).toEqual([true, true, true]);
      await house.system.until(told(user), 'the person is told');
      expect((await remove(place, user)).status).toBe(204);
    },
  );

  test('stays where there is nothing to end, and nobody is told', async () => {
    await put('teams/other', 'straight', { roles: ['member'] });
    const { key } = (await makeKey({ user_id: 'straight' })).body;
    await put('organization', 'straight', { roles: ['owner'] });
    await put('organization', 'straight', { roles: ['owner', 'finance'] });
    expect(await works(key)).toBe(true);
    // What comes after it has arrived, so it would have too.
    expect(
      (await put('organization', 'straight', { email: 'straight.new@example.test', roles: ['owner'] })).status,
    ).toBe(200);
    await house.system.until(
      async () =>
        (await house.system.mails('straight@example.test')).some(
          ({ subject }) => subject === 'Your address for approvals was changed',
        ),
      'the change of address is told',
    );
    expect(await told('straight')()).toBe(false);
    expect((await remove('organization', 'straight')).status).toBe(204);
  });
});

describe('nobody is made an owner', () => {
  test('by an admin or a service', async () => {
    for (const key of [house.key('chief'), await serviceOfAdmin()]) {
      expect(await put('organization', 'member', { roles: ['owner'] }, key)).toMatchObject(forbidden);
    }
  });
});

describe('a key of a service that may only manage', () => {
  test('makes none that may more', async () => {
    const key = await serviceOfAdmin();
    expect((await makeKey({ user_id: 'member' }, key)).body.scopes).toEqual([]);
    expect((await makeKey({ user_id: 'lead' }, key)).body.scopes).toEqual(['admin']);
    expect(await makeKey({ user_id: 'member', scopes: ['approvals:decide'] }, key)).toMatchObject(forbidden);
    expect(await makeKey({ service_name: 'more', scopes: ['audit:read'] }, key)).toMatchObject(forbidden);
    expect((await makeKey({ user_id: 'lead' }, house.key('chief'))).body.scopes).toHaveLength(ALL_SCOPES);
  });
});

describe('one person put into one team by many at once', () => {
  test('is one member, and nothing breaks', async () => {
    const change = { name: 'Crowd', email: 'crowd@example.test' };
    expect((await put('teams/other', 'crowd', change)).status).toBe(201);
    const answers = await Promise.all(Array.from({ length: 6 }, () => put('teams/research', 'crowd', change)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 200, 201]);
  });
});
