import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { request } from 'undici';
import { isPublicAddress } from '../../../src/notify/rules/public-address.ts';
import { AddressGuard, AddressNotAllowed, MalformedUrl, type Resolve } from '../../../src/notify/webhooks/address.ts';
import { Receiver } from '../support/receiver.ts';

const PUBLIC = [
  '93.184.215.14',
  '8.8.8.8',
  '1.1.1.1',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80b::200e',
];
const NOT_PUBLIC = [
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '169.254.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:8.8.8.8',
  '::ffff:a9fe:a9fe',
  '::7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b::808:808',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  '2001::1',
  '2001:db8::1',
  'fc00::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '100::1',
  '5f00::1',
  '3fff::1',
  '',
  'localhost',
  'example.com',
  '127.1.example',
];

describe('which addresses are on the open Internet', () => {
  test.each(PUBLIC)('%s is', (address) => expect(isPublicAddress(address)).toBe(true));
  test.each(NOT_PUBLIC)('%s is not', (address) => expect(isPublicAddress(address)).toBe(false));

  test('no IPv4 address becomes one by being written as IPv6', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.constantFrom('::ffff:', '64:ff9b::', '::'),
        (address, prefix) => !isPublicAddress(prefix + address),
      ),
    );
  });
});

/** A resolver that knows these names and nothing else. */
function names(known: Record<string, string[]>): Resolve {
  return async (name) => {
    const addresses = known[name];
    if (!addresses) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    return addresses;
  };
}

describe('checking the address of a webhook', () => {
  const guard = new AddressGuard({
    allowPrivate: false,
    resolve: names({
      'public.example': ['93.184.215.14', '2606:4700:4700::1111'],
      'private.example': ['10.1.2.3'],
      'metadata.example': ['169.254.169.254'],
      'both.example': ['93.184.215.14', '127.0.0.1'],
      'mapped.example': ['::ffff:192.168.0.1'],
      'empty.example': [],
      'odd.example': ['not an address'],
      localhost: ['127.0.0.1', '::1'],
      'localhost.': ['127.0.0.1'],
    }),
  });
  afterAll(() => guard.close());

  test.each([
    'https://public.example/hook',
    'http://public.example:8080',
    'https://93.184.215.14/',
    'https://[2606:4700:4700::1111]/',
    'https://user:secret@public.example/',
  ])('%s is fine', async (url) => {
    expect((await guard.check(url)).href).toContain(new URL(url).host);
  });

  test.each([
    'https://private.example/',
    'https://metadata.example/latest/meta-data',
    'https://both.example/',
    'https://mapped.example/',
    'https://empty.example/',
    'https://odd.example/',
    'http://localhost:8080/',
    'http://localhost./',
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://169.254.169.254/',
    'http://[fd00:ec2::254]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://10.0.0.1/',
    'http://①②⑦.⓪.⓪.①/',
    'http://168.63.129.16/',
  ])('%s is not allowed', async (url) => {
    await expect(guard.check(url)).rejects.toThrow(AddressNotAllowed);
  });

  test.each([
    '',
    'example.com',
    '/hook',
    'ftp://public.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://',
    'http://[::1',
    'https://exa mple.com/',
    'gopher://public.example',
    'unix:/run/docker.sock',
  ])('%j is no address for a webhook', async (url) => {
    await expect(guard.check(url)).rejects.toThrow(MalformedUrl);
  });

  test('a name that does not resolve is an error', async () => {
    await expect(guard.check('https://unknown.example/')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('the operator may allow private addresses, but nothing besides http', async () => {
    const open = new AddressGuard({ allowPrivate: true });
    expect((await open.check('http://127.0.0.1:9/')).port).toBe('9');
    await expect(open.check('ftp://127.0.0.1/')).rejects.toThrow(MalformedUrl);
    await open.close();
  });
});

describe('connecting', () => {
  const receiver = new Receiver();
  beforeAll(() => receiver.start());
  afterAll(() => receiver.stop());

  test.each(['127.0.0.1', '[::1]', 'localhost'])('a request to %s is never sent', async (host) => {
    const guard = new AddressGuard({ allowPrivate: false });
    await expect(request(`http://${host}:${receiver.port}/`, { dispatcher: guard.agent })).rejects.toThrow(
      AddressNotAllowed,
    );
    expect(receiver.received.items).toEqual([]);
    await guard.close();
  });

  test('a name that turned private after it was checked is not connected to', async () => {
    let asked = 0;
    const rebinding: Resolve = async () => (asked++ === 0 ? ['93.184.215.14'] : ['127.0.0.1']);
    const guard = new AddressGuard({ allowPrivate: false, resolve: rebinding });
    const url = await guard.check(`http://rebinding.example:${receiver.port}/`);
    await expect(request(url, { dispatcher: guard.agent })).rejects.toThrow(AddressNotAllowed);
    expect(receiver.received.items).toEqual([]);
    await guard.close();
  });

  test('goes to the very address that was checked, under the name that was given', async () => {
    const guard = new AddressGuard({ allowPrivate: true, resolve: names({ 'inside.example': ['127.0.0.1'] }) });
    const answer = await request(`http://inside.example:${receiver.port}/x`, {
      dispatcher: guard.agent,
      method: 'POST',
      body: '{}',
    });
    await answer.body.dump();
    expect(answer.statusCode).toBe(204);
    expect(receiver.received.items).toMatchObject([
      { path: '/x', headers: { host: `inside.example:${receiver.port}` } },
    ]);
    await guard.close();
  });
});
