import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Installation } from './support/installation.ts';
import { LATEST } from './support/notes.ts';
import { TestServer } from './support/server.ts';

const ID = '01a20000-0000-7000-8000-000000000001';

describe('addresses and methods', () => {
  let installation: Installation;
  let server: TestServer;

  beforeAll(async () => {
    installation = await Installation.create();
    server = await TestServer.start(installation);
  });
  afterAll(async () => {
    await server.close();
    await installation.close();
  });

  test.each(['/api/v1/nothing', '/api/v1/notes/', '/API/v1/notes', '/api/v1/notes/a/b', '/.env', '/r/abc'])(
    '%s is not there',
    async (path) => {
      const { status, body } = await server.ask('GET', path);
      expect(status).toBe(404);
      expect(body).toMatchObject({
        type: '/problems/not-found',
        detail: 'There is nothing at this address. `/docs` lists what there is.',
      });
    },
  );

  test.each([
    ['DELETE', '/api/v1/notes', 'GET, HEAD, POST'],
    ['PATCH', `/api/v1/notes/${ID}`, 'GET, HEAD, PUT'],
    ['OPTIONS', '/api/v1/notes', 'GET, HEAD, POST'],
  ])('%s %s is answered with the methods that there are', async (method, path, allow) => {
    const { status, body, headers } = await server.ask(method, path, { key: null });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe(allow);
    expect(body).toMatchObject({ type: '/problems/method-not-allowed' });
  });

  test('a fixed address goes before a parameter, in whatever order they were declared', async () => {
    expect((await server.ask('GET', '/api/v1/notes/latest')).body).toMatchObject({ id: LATEST });
  });

  test('HEAD answers like GET, without the body', async () => {
    const [get, head] = [
      await server.ask('GET', `/api/v1/notes/${ID}`),
      await server.ask('HEAD', `/api/v1/notes/${ID}`),
    ];
    expect(head.status).toBe(200);
    expect(head.text).toBe('');
    for (const name of ['etag', 'content-type', 'content-length'])
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    expect((await server.ask('HEAD', '/healthz', { key: null })).status).toBe(200);
  });

  test('a version that the caller has already is not sent again', async () => {
    const { headers } = await server.ask('GET', `/api/v1/notes/${ID}`);
    const etag = headers.get('etag') ?? '';
    const again = await server.ask('GET', `/api/v1/notes/${ID}`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(again.text).toBe('');
    expect(again.headers.get('etag')).toBe(etag);
    expect((await server.ask('GET', `/api/v1/notes/${ID}`, { headers: { 'if-none-match': '"0"' } })).status).toBe(200);
  });

  test('a change of a version that is no longer stored is refused', async () => {
    const change = (ifMatch?: string) =>
      server.ask('PUT', `/api/v1/notes/${ID}`, {
        body: { text: 'x' },
        headers: ifMatch ? { 'if-match': ifMatch } : {},
      });
    const version = (await change()).headers.get('etag') ?? '';
    expect((await change(version)).status).toBe(200);
    const late = await change(version);
    expect(late.status).toBe(412);
    expect(late.body).toMatchObject({ type: '/problems/precondition-failed' });
    expect((await change('*')).status).toBe(200);
  });

  test('an object that is not there is 404, not 412', async () => {
    expect(
      (
        await server.ask('PUT', '/api/v1/notes/00000000-0000-7000-8000-000000000000', {
          body: { text: 'x' },
          headers: { 'if-match': '"9"' },
        })
      ).status,
    ).toBe(404);
  });

  test('every answer carries an id of its own, whatever the client sends, and it is the one in the problem and in the log', async () => {
    const { headers, body } = await server.ask('GET', '/api/v1/nothing', { headers: { 'x-request-id': 'mine' } });
    const id = headers.get('x-request-id');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(body['request_id']).toBe(id);
    await server.logged((line) => line['requestId'] === id);
  });

  test('no answer may be cached, framed, sniffed or followed by a referrer, and none says what it was made with', async () => {
    for (const path of ['/api/v1/notes', '/api/v1/nothing', '/healthz']) {
      const { headers } = await server.ask('GET', path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'$/),
      });
      expect(headers.has('x-powered-by')).toBe(false);
      expect(headers.has('strict-transport-security')).toBe(false);
    }
  });

  test('behind https browsers are told to stay there', async () => {
    const secure = await TestServer.start(installation, { publicUrl: 'https://countersign.example' });
    expect((await secure.ask('GET', '/healthz')).headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}$/);
    await secure.close();
  });

  test('the log knows who asked for what by opaque ids and patterns, never by the address', async () => {
    const { headers } = await server.ask('GET', `/api/v1/notes/${ID}?limit=secret`);
    const line = await server.logged((entry) => entry['requestId'] === headers.get('x-request-id'));
    expect(line).toMatchObject({
      method: 'GET',
      route: '/api/v1/notes/{id}',
      status: 400,
      organization: installation.organization,
      keyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(server.logLines.join('')).not.toContain(ID);
    expect(server.logLines.join('')).not.toContain(installation.ownerKey);
  });
});
