import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { House, problem } from '../approvals/api/support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({ a: ['member'], b: ['member'], c: ['member'], lead: ['admin'] });
  await house.personOfOrganization('chief', ['admin']);
});

afterAll(() => house?.close());

function put(user: string, change: Record<string, unknown>, key?: string) {
  return house.api.call(
    'PUT',
    `/api/v1/teams/research/members/${user}`,
    { name: `Name of ${user}`, email: `${user}@example.test`, roles: ['member'], ...change },
    key,
  );
}

function absence(user: string, change: Record<string, unknown>, key?: string) {
  const body = { from: '2031-01-01T00:00:00Z', until: '2031-02-01T00:00:00Z', delegate_user_id: 'c', ...change };
  return house.api.call('PUT', `/api/v1/users/${user}/absence`, body, key);
}

function refusedAt(...paths: string[]) {
  return { status: 400, body: { ...problem('invalid-request'), errors: paths.map((path) => ({ path })) } };
}

describe('the members of the whole organization', () => {
  test('are listed, with their roles there', async () => {
    const { items } = await house.api.need('GET', '/api/v1/organization/members?limit=200');
    expect(items).toMatchObject([{ user_id: 'chief', roles: ['admin'] }]);
    expect((await house.api.call('GET', '/api/v1/organization/members', undefined, house.key('a'))).status).toBe(403);
  });
});

describe('a member', () => {
  test('is added once and changed afterwards', async () => {
    expect(await put('new', {})).toMatchObject({
      status: 201,
      body: { user_id: 'new', name: 'Name of new', email: 'new@example.test', roles: ['member'], manager_id: null },
    });
    expect(await put('new', { roles: ['manager', 'finance'], manager_id: 'a' })).toMatchObject({
      status: 200,
      body: { roles: ['manager', 'finance'], manager_id: 'a' },
    });
    const { items } = await house.api.need('GET', '/api/v1/teams/research/members?limit=200');
    expect(items.find((item: { user_id: string }) => item.user_id === 'new')).toMatchObject({
      roles: ['manager', 'finance'],
      manager_id: 'a',
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['their own manager', { manager_id: 'x' }, 'manager_id'],
    ['a manager who does not exist', { manager_id: 'nobody' }, 'manager_id'],
    ['no role', { roles: [] }, 'roles'],
    ['a role twice', { roles: ['member', 'member'] }, 'roles'],
    ['a role that there is not', { roles: ['emperor'] }, 'roles.0'],
    ['an address that is none', { email: 'not an address' }, 'email'],
    ['an address with a line break', { email: 'x@example.test\r\nBcc: y@example.test' }, 'email'],
    ['a name of two lines', { name: 'One\nTwo' }, 'name'],
    ['an unknown field', { age: 5 }, 'age'],
  ])('is refused with %s', async (_, change, path) => {
    expect(await put('x', change)).toMatchObject(refusedAt(path));
  });

  test('has an id of letters, digits and `._-`', async () => {
    for (const user of ['with%20space', 'sl%2Fash', 'x'.repeat(65), '%C3%BCmlaut'])
      expect((await put(user, { email: 'x@example.test' })).status).toBe(400);
    expect((await put('A.b_c-9', {})).status).toBe(201);
  });

  test('has an address that nobody else has, whatever its case', async () => {
    expect(await put('double', { email: 'A@EXAMPLE.test' })).toMatchObject({
      status: 409,
      body: problem('already-exists'),
    });
    expect(await put('b', { email: 'a@example.test' })).toMatchObject({ status: 409, body: problem('already-exists') });
  });

  test('is renamed by the admins of their teams, and by nobody else', async () => {
    await house.team('elsewhere');
    await house.person('foreman', ['admin'], { team: 'elsewhere' });
    const forbidden = { status: 403, body: problem('forbidden') };
    expect(await put('b', { name: 'Bea' }, house.key('lead'))).toMatchObject({ status: 200, body: { name: 'Bea' } });
    const byStranger = await house.api.call(
      'PUT',
      '/api/v1/teams/elsewhere/members/b',
      { name: 'Robbed', email: 'b@example.test', roles: ['member'] },
      house.key('foreman'),
    );
    expect(byStranger).toMatchObject(forbidden);
    expect(await put('b', { name: 'Both', email: 'both@example.test' }, house.key('lead'))).toMatchObject(forbidden);
    expect((await put('b', {})).status).toBe(200);
  });

  test('gets another address by admins of the whole organization only, and is told at the old one', async () => {
    const renamed = { email: 'c.new@example.test' };
    expect(await put('c', renamed, house.key('lead'))).toMatchObject({ status: 403, body: problem('forbidden') });
    expect((await put('c', { roles: ['manager'] }, house.key('lead'))).status).toBe(200);
    expect((await put('c', renamed, house.key('chief'))).status).toBe(200);
    await house.system.until(
      async () =>
        (await house.system.mails('c@example.test')).find(
          (mail) => mail.subject === 'Your address for approvals was changed',
        ),
      'the old address is told',
    );
  });

  test('is made an owner by owners only, and added by admins only', async () => {
    expect(await put('a', { roles: ['owner'] }, house.key('lead'))).toMatchObject({
      status: 403,
      body: problem('forbidden'),
    });
    expect((await put('a', { roles: ['owner'] })).status).toBe(200);
    expect((await put('a', { roles: ['member'] })).status).toBe(200);
    expect((await put('stranger', {}, house.key('b'))).status).toBe(403);
  });

  test('who was a guest so far keeps what they were asked', async () => {
    const { id } = await house.ask([{ approvers: [{ email: 'guest@example.test' }] }]);
    await house.person('guest', ['member']);
    expect((await house.api.read(id)).stages[0].approvers).toMatchObject([
      { user_id: 'guest', email: 'guest@example.test' },
    ]);
    expect((await house.decide(id, 'guest')).body).toMatchObject({ state: 'approved' });
  });
});

describe('an absence', () => {
  test('is read by whom it concerns and by admins, and by nobody else', async () => {
    for (const user of ['away', 'stand-in', 'bystander']) await house.person(user, ['member']);
    const read = (key?: string) => house.api.call('GET', '/api/v1/users/away/absence', undefined, key);
    expect(await read()).toMatchObject({ status: 404, body: problem('not-found') });
    const { body } = await absence('away', { delegate_user_id: 'stand-in' });
    expect(body).toMatchObject({ user_id: 'away', delegate_user_id: 'stand-in' });
    for (const key of [undefined, house.key('lead'), house.key('away'), house.key('stand-in')])
      expect(await read(key)).toMatchObject({ status: 200, body });
    expect(await read(house.key('bystander'))).toMatchObject({ status: 403, body: problem('forbidden') });
    await house.api.call('DELETE', '/api/v1/users/away/absence');
    expect((await read()).status).toBe(404);
  });

  test('with somebody unknown as delegate is not found, and the place is named', async () => {
    expect(await absence('a', { delegate_user_id: 'nobody' })).toMatchObject({
      status: 404,
      body: { ...problem('not-found'), errors: [{ path: 'delegate_user_id' }] },
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['that ends before it begins', { until: '2030-12-31T00:00:00Z' }, 'until'],
    ['that is over', { from: '2020-01-01T00:00:00Z', until: '2020-02-01T00:00:00Z' }, 'until'],
    ['with oneself as delegate', { delegate_user_id: 'a' }, 'delegate_user_id'],
    ['without a time zone', { from: '2031-01-01T00:00:00' }, 'from'],
    ['on a day that there is not', { from: '2031-02-30T00:00:00Z' }, 'from'],
  ])('%s is refused', async (_, change, path) => {
    expect(await absence('a', change)).toMatchObject(refusedAt(path));
  });

  test('in a circle of delegates is refused; side by side in time is not', async () => {
    expect((await absence('a', { delegate_user_id: 'b' })).status).toBe(200);
    expect((await absence('b', { delegate_user_id: 'c' })).status).toBe(200);
    expect(await absence('c', { delegate_user_id: 'a' })).toMatchObject(refusedAt('delegate_user_id'));
    expect(await absence('b', { delegate_user_id: 'a' })).toMatchObject(refusedAt('delegate_user_id'));
    expect(
      (await absence('c', { delegate_user_id: 'a', from: '2031-02-01T00:00:00Z', until: '2031-03-01T00:00:00Z' }))
        .status,
    ).toBe(200);
    for (const user of ['a', 'b', 'c'])
      expect((await house.api.call('DELETE', `/api/v1/users/${user}/absence`)).status).toBe(204);
    expect((await house.api.call('DELETE', '/api/v1/users/a/absence')).status).toBe(404);
  });

  test('is entered by oneself or an admin of the whole organization', async () => {
    expect((await absence('a', {}, house.key('a'))).status).toBe(200);
    expect((await absence('a', {}, house.key('chief'))).status).toBe(200);
    expect(await absence('a', {}, house.key('b'))).toMatchObject({ status: 403, body: problem('forbidden') });
    expect((await house.api.call('DELETE', '/api/v1/users/a/absence', undefined, house.key('a'))).status).toBe(204);
    expect((await absence('nobody', {})).status).toBe(404);
  });
});
