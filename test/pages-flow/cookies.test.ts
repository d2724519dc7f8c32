import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import express from 'express';
import { Cookies } from '../../src/tenancy/sign-in/cookies.ts';

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP_';
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** What a server sets, and what it then reads from a Cookie header. */
async function exchange(secure: boolean, cookie: string): Promise<{ set: string[]; read: string | null }> {
  const cookies = new Cookies(secure);
  const app = express().get('/', (request, response) => {
    cookies.set(response, 'session', SECRET, 1000);
    response.json(cookies.read(request, 'session'));
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { cookie } });
  return { set: answer.headers.getSetCookie(), read: (await answer.json()) as string | null };
}

test('over https the cookie is the host’s own, and no script and no other site’s form has it', async () => {
  const { set, read } = await exchange(true, `other=1; __Host-countersign-session=${SECRET}`);
  expect(set).toEqual([
    expect.stringMatching(
      /^__Host-countersign-session=[\w-]{43}; Max-Age=1; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    ),
  ]);
  expect(read).toBe(SECRET);
});

test.each([
  ['a name without the prefix, over https', true, `countersign-session=${SECRET}`],
  ['another name that ends the same', false, `xcountersign-session=${SECRET}`],
  ['a value that we did not set', false, 'countersign-session=short'],
  ['a value with something behind it', false, `countersign-session=${SECRET}=x`],
  ['nothing', false, ''],
])('%s is not read', async (_case, secure, cookie) => {
  expect((await exchange(secure, cookie)).read).toBeNull();
});
