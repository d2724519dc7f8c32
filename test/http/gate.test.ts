import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Installation } from './support/installation.ts';
import { TestServer } from './support/server.ts';

describe('who is let in', () => {
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

  test('a live key', async () => {
    expect((await server.ask('GET', '/api/v1/notes')).status).toBe(200);
  });

  test.each([
    ['no key', {}],
    ['another scheme', { authorization: 'Basic b3duZXI6c2VjcmV0' }],
    ['an unknown key', { authorization: 'Bearer cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['a key with a space in it', { authorization: 'Bearer two words' }],
    ['a key that is far too long', { authorization: `Bearer ${'x'.repeat(2000)}` }],
  ])('%s is refused before anything else is looked at', async (_what, headers) => {
    const {
      status,
      body,
      headers: answered,
    } = await server.ask('POST', '/api/v1/notes', { key: null, headers, raw: 'not JSON' });
    expect(status).toBe(401);
    expect(body).toMatchObject({ type: '/problems/unauthenticated', status: 401 });
    expect(answered.get('www-authenticate')).toBe('Bearer');
    expect(answered.get('content-type')).toBe('application/problem+json; charset=utf-8');
  });

  test('a revoked key is refused', async () => {
    const key = await installation.serviceKey(['approvals:read']);
    expect((await server.ask('GET', '/api/v1/notes', { key })).status).toBe(200);
    await installation.query('update countersign.api_keys set revoked_at = now() where service_name = $1', ['test']);
    expect((await server.ask('GET', '/api/v1/notes', { key })).status).toBe(401);
  });

  test('an expired key is refused from the very moment on', async () => {
    const key = await installation.serviceKey(['approvals:read']);
    await installation.query(
      "update countersign.api_keys set expires_at = now() + interval '1 hour' where revoked_at is null and service_name = $1",
      ['test'],
    );
    expect((await server.ask('GET', '/api/v1/notes', { key })).status).toBe(200);
    const later = await TestServer.start(installation);
    later.clock.advance(3_600_000);
    expect((await later.ask('GET', '/api/v1/notes', { key })).status).toBe(401);
    await later.close();
  });

  test('a key without the scope is told which one it lacks', async () => {
    const key = await installation.serviceKey(['approvals:read']);
    const { status, body } = await server.ask('POST', '/api/v1/notes', { key, body: { text: 'x' } });
    expect(status).toBe(403);
    expect(body).toMatchObject({ type: '/problems/forbidden', detail: 'This key lacks the scope `approvals:write`.' });
  });
});

describe('how often one may ask', () => {
  let installation: Installation;

  beforeAll(async () => {
    installation = await Installation.create();
  });
  afterAll(() => installation.close());

  test('beyond the limit the answer is 429 with the seconds to wait, for this key only', async () => {
    const server = await TestServer.start(installation, { rateLimit: 3 });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await server.ask('GET', '/api/v1/notes')).status);
    expect(statuses).toEqual([200, 200, 200]);

    const { status, body, headers } = await server.ask('GET', '/api/v1/notes');
    expect(status).toBe(429);
    expect(body).toMatchObject({ type: '/problems/rate-limited', status: 429 });
    expect(body).not.toHaveProperty('retryAfterSeconds');
    const wait = Number(headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(60);

    const other = await installation.serviceKey(['approvals:read']);
    expect((await server.ask('GET', '/api/v1/notes', { key: other })).status).toBe(200);
    await server.close();
  });

  test('wrong keys count against the address they come from, each being another one', async () => {
    const server = await TestServer.start(installation, { rateLimit: 2 });
    const guess = (n: number) => server.ask('GET', '/api/v1/notes', { key: `cs_guess${n}` });
    expect([(await guess(1)).status, (await guess(2)).status, (await guess(3)).status]).toEqual([401, 401, 429]);
    expect((await server.ask('GET', '/api/v1/notes')).status).toBe(200);
    await server.close();
  });

  test('behind a trusted proxy the address is the one that the proxy names', async () => {
    const server = await TestServer.start(installation, { rateLimit: 1, trustProxy: '1' });
    const guess = (address: string) =>
      server.ask('GET', '/api/v1/notes', { key: 'cs_guess', headers: { 'x-forwarded-for': address } });
    expect([
      (await guess('192.0.2.1')).status,
      (await guess('192.0.2.1')).status,
      (await guess('192.0.2.2')).status,
    ]).toEqual([401, 429, 401]);
    await server.close();
  });

  test('without a trusted proxy nobody can name another address', async () => {
    const server = await TestServer.start(installation, { rateLimit: 1 });
    const guess = (address: string) =>
      server.ask('GET', '/api/v1/notes', { key: 'cs_guess', headers: { 'x-forwarded-for': address } });
    expect([(await guess('192.0.2.1')).status, (await guess('192.0.2.2')).status]).toEqual([401, 429]);
    await server.close();
  });
});
