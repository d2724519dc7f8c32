import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiAnswer } from '../support/api-caller.ts';
import { House, problem } from '../approvals/api/support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({
    a: ['member'],
    b: ['member'],
    c: ['member'],
    d: ['member'],
    eve: ['member'],
    fay: ['member'],
    lead: ['admin'],
  });
  await house.personOfOrganization('chief', ['admin']);
});

afterAll(() => house?.close());

function put(user: string, delegate: string, key?: string): Promise<ApiAnswer> {
  return house.api.call(
    'PUT',
    `/api/v1/users/${user}/absence`,
    { from: '2031-01-01T00:00:00Z', until: '2031-02-01T00:00:00Z', delegate_user_id: delegate },
    key,
  );
}

function end(user: string, key?: string): Promise<ApiAnswer> {
  return house.api.call('DELETE', `/api/v1/users/${user}/absence`, undefined, key);
}

async function told(user: string, subject: string): Promise<number> {
  return (await house.system.mails(`${user}@example.test`)).filter((mail) => mail.subject === subject).length;
}

describe('absences entered at once', () => {
  test('for one person are one absence, and nothing breaks', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => put('a', index % 2 === 0 ? 'b' : 'c')));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect((await end('a')).status).toBe(204);
    expect((await end('a')).status).toBe(404);
  });

  test.each([[['a', 'b']], [['a', 'b', 'c', 'd']]])('never make a circle of %j', async (people) => {
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(
        people.map((person, index) => put(person, people[(index + 1) % people.length] ?? '')),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([...people.slice(1).map(() => 200), 400]);
      await Promise.all(people.map((person) => end(person)));
    }
  });
});

describe('an absence entered for somebody else', () => {
  test('takes an admin of the whole organization: whoever stands in decides in every team', async () => {
    await house.api.need(
      'PUT',
      '/api/v1/teams/research/members/puppet',
      { name: 'Puppet', email: 'lead+puppet@example.test', roles: ['member'] },
      house.key('lead'),
    );
    for (const delegate of ['puppet', 'lead', 'b'])
      expect(await put('a', delegate, house.key('lead'))).toMatchObject({ status: 403, body: problem('forbidden') });
    expect(await put('a', 'a', house.key('b'))).toMatchObject({ status: 403, body: problem('forbidden') });
    expect((await put('a', 'chief', house.key('chief'))).status).toBe(200);
    expect((await put('lead', 'a', house.key('lead'))).status).toBe(200);
    expect((await end('a', house.key('b'))).status).toBe(403);
    expect((await end('a', house.key('lead'))).status).toBe(204);
  });

  test('is told to them, and so is its end', async () => {
    expect((await put('eve', 'c', house.key('chief'))).status).toBe(200);
    const mail = await house.system.until(
      async () =>
        (await house.system.mails('eve@example.test')).find(
          ({ subject }) => subject === 'An absence was entered for you',
        ),
      'the person is told',
    );
    expect(mail.text).toContain('Name of c');
    expect(mail.text).toContain('2031-01-01 00:00 UTC');
    expect((await end('eve', house.key('lead'))).status).toBe(204);
    await house.system.until(
      async () => (await told('eve', 'Your absence was ended')) === 1,
      'the person is told of the end',
    );
  });

  test('is news; one’s own is none', async () => {
    expect((await put('fay', 'b', house.key('fay'))).status).toBe(200);
    expect((await end('fay', house.key('fay'))).status).toBe(204);
    expect((await put('fay', 'b')).status).toBe(200);
    await house.system.until(
      async () => (await told('fay', 'An absence was entered for you')) > 0,
      'what the owner entered is told',
    );
    expect([await told('fay', 'An absence was entered for you'), await told('fay', 'Your absence was ended')]).toEqual([
      1, 0,
    ]);
  });
});
