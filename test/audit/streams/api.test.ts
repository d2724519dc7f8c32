import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { House, problem } from '../../approvals/api/support/house.ts';
import { type Certified, selfSigned } from '../support/certificate.ts';
import { HttpsSiem } from '../support/siem.ts';

const PATH = '/api/v1/audit/streams';

let house: House;
let certified: Certified;
let siem: HttpsSiem;

beforeAll(async () => {
  house = await House.open({ mia: ['admin'], max: ['member'] });
  await house.personOfOrganization('olga', ['admin']);
  await house.personOfOrganization('ann', ['auditor']);
  certified = selfSigned();
});

afterAll(() => house?.close());

beforeEach(async () => {
  siem = new HttpsSiem(certified);
  await siem.start();
});

afterEach(() => siem.kill());

const https = (more: Record<string, unknown> = {}) => ({
  kind: 'https',
  url: `https://127.0.0.1:${siem.port}/events`,
  ca: certified.cert,
  ...more,
});

function refusedAt(...paths: string[]) {
  return {
    status: 400,
    body: {
      ...problem('invalid-request'),
      errors: expect.arrayContaining(paths.map((path) => expect.objectContaining({ path }))),
    },
  };
}

describe('a stream', () => {
  test('is entered, shown without its token, replaced and deleted, and brings what happens from then on', async () => {
    const made = await house.api.call('PUT', `${PATH}/siem`, https({ token: 'very-secret' }), house.key('olga'));
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'siem',
        kind: 'https',
        url: https().url,
        host: null,
        tls: true,
        personal: false,
        state: 'working',
        last_error: null,
        delivered_at: null,
      },
    });
    expect(JSON.stringify(made.body)).not.toContain('very-secret');
    await house.team('brand-new');
    await house.system.until(
      async () => siem.received.some(({ metadata }) => metadata.event_code === 'team.made'),
      'the event',
    );
    expect(new Set(siem.tokens)).toEqual(new Set(['Bearer very-secret']));
    const shown = await house.system.until(async () => {
      const { items } = await house.api.need('GET', PATH);
      return items[0].lag === 0 && items[0];
    }, 'it has caught up');
    expect(shown).toMatchObject({ name: 'siem', state: 'working', delivered_at: expect.any(String) });
    expect(siem.uids).toEqual(Array.from(siem.uids, (_, n) => siem.uids[0]! + n));
    expect(JSON.stringify(shown)).not.toContain('very-secret');
    expect(await house.api.call('PUT', `${PATH}/siem`, https())).toMatchObject({
      status: 200,
      body: { cursor: expect.any(Number), created_at: shown.created_at },
    });
    expect(await house.api.call('DELETE', `${PATH}/siem`)).toMatchObject({ status: 204 });
    expect(await house.api.need('GET', PATH)).toEqual({ items: [], next_cursor: null });
    expect(await house.api.call('DELETE', `${PATH}/siem`)).toMatchObject({ status: 404, body: problem('not-found') });
  });

  test('is for owners and admins of the whole organization', async () => {
    for (const user of ['mia', 'max', 'ann']) {
      expect(await house.api.call('PUT', `${PATH}/siem`, https(), house.key(user))).toMatchObject({ status: 403 });
      expect(await house.api.call('GET', PATH, undefined, house.key(user))).toMatchObject({ status: 403 });
      expect(await house.api.call('DELETE', `${PATH}/siem`, undefined, house.key(user))).toMatchObject({ status: 403 });
    }
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['plain http', { kind: 'https', url: 'http://siem.example.com/' }, 'url'],
    ['credentials in the address', { kind: 'https', url: 'https://jane:secret@siem.example.com/' }, 'url'],
    ['no address', { kind: 'https' }, 'url'],
    ['a host that is not there', { kind: 'https', url: 'https://nowhere.invalid/' }, 'url'],
    ['a token with a line break', { kind: 'https', url: 'https://127.0.0.1/', token: 'a\r\nX-Other: b' }, 'token'],
    ['a token for syslog', { kind: 'syslog', host: '127.0.0.1', port: 6514, token: 'x' }, 'token'],
    ['no port', { kind: 'syslog', host: '127.0.0.1' }, 'port'],
    ['a host that is none', { kind: 'syslog', host: 'a b', port: 6514 }, 'host'],
    ['another kind', { kind: 'kafka' }, 'kind'],
    ['certificates that are none', { kind: 'syslog', host: '127.0.0.1', port: 6514, ca: 'x' }, 'ca'],
    [
      'a certificate that is none',
      {
        kind: 'syslog',
        host: '127.0.0.1',
        port: 6514,
        ca: '-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----',
      },
      'ca',
    ],
    ['an entry that does not exist', { kind: 'syslog', host: '127.0.0.1', port: 6514, from: 1_000_000 }, 'from'],
    ['an entry before the first', { kind: 'syslog', host: '127.0.0.1', port: 6514, from: -1 }, 'from'],
  ])('is refused with %s', async (_what, body, path) => {
    expect(await house.api.call('PUT', `${PATH}/wrong`, body)).toMatchObject(refusedAt(path));
  });

  test('is one where it is entered twice at the same moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () =>
        house.api.call('PUT', `${PATH}/twice`, { kind: 'syslog', host: '127.0.0.1', port: 6514 }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 201]);
    expect((await house.api.need('GET', PATH)).items).toHaveLength(1);
    await house.api.need('DELETE', `${PATH}/twice`);
  });

  test('is one of ten at most', async () => {
    for (let n = 0; n < 10; n += 1)
      await house.api.need('PUT', `${PATH}/stream-${n}`, { kind: 'syslog', host: '127.0.0.1', port: 6514 });
    expect(
      await house.api.call('PUT', `${PATH}/one-more`, { kind: 'syslog', host: '127.0.0.1', port: 6514 }),
    ).toMatchObject(refusedAt(''));
    for (let n = 0; n < 10; n += 1) await house.api.need('DELETE', `${PATH}/stream-${n}`);
  });
});
