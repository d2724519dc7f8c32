import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../src/platform/crypto/master-key.ts';
import { MovableClock } from './support/movable-clock.ts';
import { Office } from './support/office.ts';
import { hiddenFields } from './support/visitor.ts';

/** The mails that one address may ask for are counted by the hour of the wall: each test has people of its own. */
const PEOPLE = Object.fromEntries(
  ['req', 'ann', 'ben', 'cho', 'dee', 'eva', 'fay', 'gus', 'hal', 'ida', 'jon'].map((name) => [name, ['member']]),
);
const SESSION = 'countersign-session';

let office: Office;
const clock = new MovableClock();

beforeAll(async () => {
  office = await Office.open(PEOPLE, { clock, environment: { TRUST_PROXY: 'loopback' } });
});
afterAll(() => office.close());

/** Every test comes from a network address of its own, so that none uses up the others' limit. */
let clients = 0;
const newClient = () => ({ 'x-forwarded-for': `198.51.100.${(clients += 1)}` });

describe('asking for a link', () => {
  test('is answered in the same words, and takes as long, whether or not anybody has the address', async () => {
    const timed = async (email: string) => {
      const visitor = office.visitor();
      const token = hiddenFields((await visitor.get('/sign-in')).source);
      const began = performance.now();
      const answer = await visitor.post('/sign-in', { ...token, email }, newClient());
      return { answer, ms: performance.now() - began };
    };
    const known = await timed('ann@example.test');
    const unknown = await timed('nobody@example.test');
    expect([known.answer.status, unknown.answer.status]).toEqual([200, 200]);
    expect(unknown.answer.source).toBe(known.answer.source);
    expect(known.ms).toBeGreaterThanOrEqual(299);
    expect(unknown.ms).toBeGreaterThanOrEqual(299);
    await office.signInLink('ann@example.test');
  });

  test('finds the address in whatever case, and mails to the one we know', async () => {
    const visitor = office.visitor();
    await visitor.submit('/sign-in', { email: ' BEN@Example.test ' }, newClient());
    const link = await office.signInLink('ben@example.test');
    expect(link).toMatch(/^\/sign-in\/[\w-]{43}$/);
  });

  test.each([
    '',
    'no address',
    'a@b@c.test',
    'x@example.test\r\nBcc: y@example.test',
    `${'a'.repeat(250)}@example.test`,
  ])('with %j is refused, and what was typed is kept', async (email) => {
    const answer = await office.visitor().submit('/sign-in', { email }, newClient());
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Enter an e-mail address');
    expect(answer.source).toContain(`value="${email.replaceAll('\r\n', '\n')}"`);
  });

  test('mails one link for each organization, which it names', async () => {
    const { owner_key: key } = await office.system.need('POST', '/api/v1/organizations', { name: 'Second Optics' });
    await office.system.need('POST', '/api/v1/teams', { id: 'second', name: 'Second' }, key);
    await office.system.need(
      'PUT',
      '/api/v1/teams/second/members/cho2',
      { name: 'Cho', email: 'cho@example.test', roles: ['member'] },
      key,
    );
    await office.visitor().submit('/sign-in', { email: 'cho@example.test' }, newClient());
    await office.signInLink('cho@example.test', 2);
    const subjects = (await office.system.mails('cho@example.test'))
      .map(({ subject }) => subject)
      .filter((subject) => subject.startsWith('Sign in'));
    expect(subjects.toSorted()).toEqual(['Sign in to Countersign: Second Optics', 'Sign in to Countersign: default']);
  });

  test('mails nothing to a guest, nor to somebody who was removed', async () => {
    await office.ask([{ approvers: [{ email: 'guest@example.test' }] }]);
    await office.system.need('DELETE', `/api/v1/teams/${office.team}/members/dee`);
    const before = await linksMade();
    for (const email of ['guest@example.test', 'dee@example.test'])
      expect((await office.visitor().submit('/sign-in', { email }, newClient())).status).toBe(200);
    expect(await linksMade()).toBe(before);
  });

  test('is limited for one address, known or not', async () => {
    for (const email of ['eva@example.test', 'unknown@example.test']) {
      const statuses: number[] = [];
      for (let count = 1; count <= 6; count += 1)
        statuses.push((await office.visitor().submit('/sign-in', { email }, newClient())).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    }
  });

  test('is limited for one client', async () => {
    const client = newClient();
    const statuses = await Promise.all(
      Array.from(
        { length: 22 },
        async (_, index) =>
          (await office.visitor().submit('/sign-in', { email: `${index}@example.test` }, client)).status,
      ),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(2);
  });
});

describe('a sign-in link', () => {
  const mailedLink = async (user: string, count = 1) => {
    await office.visitor().submit('/sign-in', { email: `${user}@example.test` }, newClient());
    return office.signInLink(`${user}@example.test`, count);
  };

  test('changes nothing when it is opened, signs in once when confirmed, and keeps nothing but hashes', async () => {
    const link = await mailedLink('fay');
    const visitor = office.visitor();
    for (let look = 1; look <= 3; look += 1)
      expect((await visitor.get(link)).text).toContain('Press the button to sign in');
    expect((await visitor.head(link)).status).toBe(200);
    expect(visitor.cookies.has(SESSION)).toBe(false);
    const answer = await visitor.submit(link, {});
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/inbox']);
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith(SESSION));
    expect(cookie).toMatch(
      /^countersign-session=[\w-]{43}; Max-Age=43200; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    );
    expect((await visitor.get('/inbox')).text).toContain('Signed in as Name of fay');
    const again = office.visitor();
    await again.get('/sign-in');
    const used = await again.get(link);
    expect([used.status, used.text.includes('This link has been used')]).toEqual([410, true]);
    const { source } = await again.get('/sign-in');
    expect((await again.post(link, hiddenFields(source))).status).toBe(410);
    expect(again.cookies.has(SESSION)).toBe(false);
    await expectNoSecretStored([link.split('/').at(-1) ?? '', visitor.cookies.get(SESSION) ?? '']);
  });

  test('signs in once even if it is confirmed several times at once', async () => {
    const link = await mailedLink('gus');
    const visitors = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const visitor = office.visitor();
        return { visitor, fields: hiddenFields((await visitor.get(link)).source) };
      }),
    );
    const statuses = await Promise.all(
      visitors.map(async ({ visitor, fields }) => (await visitor.post(link, fields)).status),
    );
    expect(statuses.toSorted()).toEqual([303, 410, 410, 410, 410]);
  });

  test('expires after fifteen minutes', async () => {
    const link = await mailedLink('hal');
    const visitor = office.visitor();
    const fields = hiddenFields((await visitor.get(link)).source);
    clock.advanceMinutes(15.1);
    expect((await visitor.get(link)).text).toContain('This link has expired');
    expect((await visitor.post(link, fields)).status).toBe(410);
    expect(visitor.cookies.has(SESSION)).toBe(false);
  });

  test('that never was finds nothing', async () => {
    const visitor = office.visitor();
    const fields = hiddenFields((await visitor.get('/sign-in')).source);
    expect((await visitor.get(`/sign-in/${'A'.repeat(43)}`)).status).toBe(404);
    expect((await visitor.post(`/sign-in/${'A'.repeat(43)}`, fields)).status).toBe(404);
  });
});

describe('a session', () => {
  test('ends when its person signs out, and is on record from start to end', async () => {
    const visitor = await office.signedIn('ida');
    const secret = visitor.cookies.get(SESSION) ?? '';
    const inbox = await visitor.get('/inbox');
    const csrf =
      /action="\/sign-out">\s*<input type="hidden" name="csrf" value="([^"]+)"/.exec(inbox.source)?.[1] ?? '';
    const answer = await visitor.post('/sign-out', { csrf });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in']);
    expect(visitor.cookies.has(SESSION)).toBe(false);
    expect((await office.visitor().get('/inbox', { cookie: `${SESSION}=${secret}` })).headers.get('location')).toBe(
      '/sign-in',
    );
    const entries = await office.rows<{ action: string }>(
      `
      select action from countersign.audit_entries a join countersign.sessions s on s.hash = ? and (a.actor_id = s.person_id or a.resource_id = s.person_id::text)
      where action like 'sign\\_in.%' or action like 'session.%' order by a.at, a.id`,
      [sha256(secret)],
    );
    expect(entries.map(({ action }) => action)).toEqual(['sign_in.requested', 'session.started', 'session.ended']);
  });

  test('ends after twelve hours, and when its person is removed', async () => {
    const visitor = await office.signedIn('jon');
    expect((await visitor.get('/inbox')).status).toBe(200);
    await office.system.need('DELETE', `/api/v1/teams/${office.team}/members/jon`);
    expect((await visitor.get('/inbox')).status).toBe(303);
    await office.system.need('PUT', `/api/v1/teams/${office.team}/members/jon`, {
      name: 'Name of jon',
      email: 'jon@example.test',
      roles: ['member'],
    });
    expect((await visitor.get('/inbox')).status).toBe(200);
    clock.advanceMinutes(12 * 60);
    expect((await visitor.get('/inbox')).headers.get('location')).toBe('/sign-in');
  });

  test('is nobody’s where the cookie is none of ours', async () => {
    for (const cookie of [
      'countersign-session=',
      `countersign-session=${'A'.repeat(43)}`,
      'countersign-session=%00',
      'other=1',
    ]) {
      expect((await office.visitor().get('/inbox', { cookie })).headers.get('location')).toBe('/sign-in');
    }
  });
});

describe('a form that another site sends', () => {
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.test' },
    { origin: 'null' },
  ] as const;

  test.each(foreign)('with %j asks for no mail, even with a token', async (headers) => {
    const before = await linksMade();
    const answer = await office.visitor().submit('/sign-in', { email: 'req@example.test' }, { ...headers });
    expect(answer.status).toBe(403);
    expect(await linksMade()).toBe(before);
  });

  test('signs nobody in as somebody else, without the cookie or with another visitor’s token', async () => {
    const link = await (async () => {
      await office.visitor().submit('/sign-in', { email: 'ben@example.test' }, newClient());
      return office.signInLink('ben@example.test', 2);
    })();
    const attacker = hiddenFields((await office.visitor().get(link)).source);
    expect((await office.visitor().post(link, attacker)).status).toBe(403);
    const victim = office.visitor();
    await victim.get('/sign-in');
    expect((await victim.post(link, attacker)).status).toBe(403);
    expect((await victim.post(link, {})).status).toBe(403);
    expect(victim.cookies.has(SESSION)).toBe(false);
    expect(
      (await victim.submit(link, {}, { 'sec-fetch-site': 'same-origin', origin: office.system.baseUrl })).status,
    ).toBe(303);
    expect((await victim.post('/sign-out', {})).status).toBe(403);
    expect((await victim.get('/inbox')).status).toBe(200);
  });
});

async function linksMade(): Promise<number> {
  return (await office.rows('select from countersign.sign_in_links')).length;
}

async function expectNoSecretStored(secrets: readonly string[]): Promise<void> {
  for (const table of ['sign_in_links', 'sessions', 'directory', 'outbox', 'audit_entries']) {
    const rows = await office.rows<{ line: string }>(`select t::text as line from countersign.${table} t`);
    const text = rows.map(({ line }) => line).join('\n');
    for (const secret of secrets) {
      expect(secret).toMatch(/^[\w-]{43}$/);
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString('hex'));
    }
  }
}
