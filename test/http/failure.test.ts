import { Router } from 'express';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProblemError, Unavailable } from '../../src/platform/errors.ts';
import type { Route } from '../../src/platform/http/route.ts';
import type { UnitOfWork } from '../../src/platform/unit-of-work.ts';
import { Installation } from './support/installation.ts';
import { TestServer } from './support/server.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const TOKEN = 'Zm9ydHktdHdvLXNlY3JldC1ieXRlcw';

/** Routes in which something goes wrong that nobody foresaw, with what must not leave in it. */
function failing(work: UnitOfWork): Route[] {
  const route = (path: string, handle: Route['handle']): Route => ({
    method: 'get',
    path,
    tag: 'Failing',
    scope: null,
    summary: 'Fail',
    answers: { 200: null },
    handle,
  });
  return [
    route('/api/v1/failing/sql', async ({ caller }) =>
      work.read(caller.organization, (em) => em.execute("select 'jane@example.com'::uuid from countersign.people")),
    ),
    route('/api/v1/failing/unique', async ({ caller, origin }) =>
      work.bookkeep(origin, async ({ em }) =>
        em.execute(
          "insert into countersign.organizations (id, name, settings, created_at) values (?, 'Jane Doe Ltd', '{}', now())",
          [caller.organization],
        ),
      ),
    ),
    route('/api/v1/failing/code', async () => {
      throw new Error('could not read /etc/countersign/jane.json');
    }),
    route('/api/v1/failing/away', async () => {
      throw new Unavailable('The database', { cause: new Error('password authentication failed for "jane"') });
    }),
  ];
}

/** Pages as features write them. */
function pages(): Router[] {
  const router = Router();
  router.get('/r/:token', () => {
    throw new Error(`no link ${TOKEN}`);
  });
  router.get('/gone', () => {
    throw new ProblemError('not-found', 'There is no such link.');
  });
  router.get('/later', () => {
    throw new Unavailable('The database');
  });
  router.get('/large', () => {
    throw new ProblemError('payload-too-large', 'A body may have at most 5 bytes.');
  });
  router.get('/half', (_request, response) => {
    response.write('<p>half a page');
    throw new Error('the rest cannot be made');
  });
  return [router];
}

describe('what goes wrong', () => {
  let installation: Installation;
  let server: TestServer;

  beforeAll(async () => {
    installation = await Installation.create();
    server = await TestServer.start(installation, { routes: failing, pages });
  });
  afterAll(async () => {
    await server.close();
    await installation.close();
  });

  test.each(['sql', 'unique', 'code'])('nothing of an unexpected error leaves (%s)', async (what) => {
    const { status, body, headers } = await server.ask('GET', `/api/v1/failing/${what}`);
    expect(status).toBe(500);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Internal error',
      status: 500,
      request_id: headers.get('x-request-id'),
      detail: 'Something went wrong on our side. The log has the details under the request id.',
    });
  });

  test('the log says what it was, by type, code and stack, and holds no value', async () => {
    const { headers } = await server.ask('GET', '/api/v1/failing/unique');
    const line = await server.logged(
      (entry) => entry['requestId'] === headers.get('x-request-id') && entry['level'] === 'error',
    );
    expect(line['err']).toMatchObject({
      type: 'UniqueConstraintViolationException',
      code: '23505',
      table: 'organizations',
      stack: expect.stringContaining('unit-of-work.ts'),
    });
    await server.ask('GET', '/api/v1/failing/sql');
    await server.ask('GET', '/api/v1/failing/code');
    expect(server.logLines.join('').toLowerCase()).not.toContain('jane');
  });

  test('a part that is away is a 503 that says when to come back, and the log says why', async () => {
    const { status, body, headers } = await server.ask('GET', '/api/v1/failing/away');
    expect(status).toBe(503);
    expect(body).toMatchObject({ type: '/problems/unavailable' });
    expect(headers.get('retry-after')).toBe('5');
    const line = await server.logged(
      (entry) =>
        entry['requestId'] === headers.get('x-request-id') && entry['msg'] === 'a part that is needed does not answer',
    );
    expect(line['err']).toMatchObject({ type: 'Unavailable', cause: { type: 'Error' } });
    expect(server.logLines.join('')).not.toContain('password authentication');
  });

  test.each([
    ['/gone', 404, 'There is nothing here'],
    ['/nothing', 404, 'There is nothing here'],
    ['/later', 503, 'Not available for the moment'],
    ['/large', 413, 'Payload too large'],
    [`/r/${TOKEN}`, 500, 'Something went wrong on our side'],
  ])('a person sees a page for %s', async (path, status, title) => {
    const answer = await server.ask('GET', path, { key: null, headers: { accept: BROWSER } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain(`<h1>${title}</h1>`);
    expect(answer.text).toContain(answer.headers.get('x-request-id') ?? '-');
    expect(answer.text).not.toContain(TOKEN);
  });

  test('a page that is not available says when to try again in its headers too', async () => {
    expect((await server.ask('GET', '/later', { headers: { accept: BROWSER } })).headers.get('retry-after')).toBe('5');
  });

  test('a program gets a problem from the same address, and a browser gets one from the API', async () => {
    expect((await server.ask('GET', '/gone', { headers: { accept: '*/*' } })).body).toMatchObject({
      type: '/problems/not-found',
    });
    expect((await server.ask('GET', '/api/v1/nothing', { headers: { accept: BROWSER } })).body).toMatchObject({
      type: '/problems/not-found',
    });
  });

  test('a token in an address is never logged', async () => {
    const { headers } = await server.ask('GET', `/r/${TOKEN}`, {
      key: null,
      headers: { referer: `http://x/r/${TOKEN}` },
    });
    const line = await server.logged(
      (entry) => entry['requestId'] === headers.get('x-request-id') && entry['msg'] === 'request',
    );
    expect(line).toMatchObject({ route: '/r/{token}', status: 500 });
    expect(server.logLines.join('')).not.toContain(TOKEN);
    expect((await server.ask('GET', '/metrics')).text).not.toContain(TOKEN);
  });

  test('an answer that fails half-way breaks off, so that nobody takes it for a whole one', async () => {
    await expect(server.ask('GET', '/half')).rejects.toThrow();
    await server.logged((entry) => entry['msg'] === 'a request failed unexpectedly');
  });
});
