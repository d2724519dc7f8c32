import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, request, type RequestOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express, { type Express } from 'express';
import { createTransport } from 'nodemailer';
import { pino } from 'pino';
import { failurePage } from '../../src/pages/routes/failure-page.ts';
import { type Mailbox, startMailbox } from '../../src/platform/embedded/mailbox.ts';
import { mailboxRouter } from '../../src/pages/routes/mailbox.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { answerFailure } from '../../src/platform/http/failure.ts';
import { giveRequestId } from '../../src/platform/http/request-id.ts';
import { securityHeaders } from '../../src/platform/http/security-headers.ts';
import { Visitor } from './support/visitor.ts';

let mailbox: Mailbox;
let app: Express;
let server: Server;
let port: number;
let visitor: Visitor;

beforeAll(async () => {
  mailbox = await startMailbox({ dataDir: null });
  app = express().use(
    giveRequestId,
    securityHeaders(false),
    mailboxRouter(mailbox),
    answerFailure(pino({ level: 'silent' }), failurePage),
  );
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  visitor = new Visitor(`http://127.0.0.1:${port}`);
  const transport = createTransport({ url: mailbox.smtpUrl });
  await transport.sendMail({
    from: 'Countersign <sender@example.test>',
    to: 'ann@example.test',
    subject: 'First <b>one</b>',
    text: 'Open http://127.0.0.1/r/abc.',
    html: '<p onclick="x()">Styled</p><script>alert(1)</script>',
  });
  await transport.sendMail({
    from: 'sender@example.test',
    to: 'ben@example.test',
    subject: 'Second',
    text: 'Plain only',
  });
  transport.close();
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await mailbox.stop();
});

const idOf = async (to: string) => (await mailbox.messages({ to }))[0]?.id ?? '';

describe('on this machine', () => {
  test('programs read all messages, newest first, or those to one address', async () => {
    const read = async (query: string) =>
      JSON.parse((await visitor.get(`/dev/mailbox.json${query}`)).source) as Record<string, unknown>[];
    expect(await read('')).toEqual([
      {
        id: await idOf('ben@example.test'),
        from: 'sender@example.test',
        to: ['ben@example.test'],
        subject: 'Second',
        date: expect.stringMatching(/^\d{4}-.*Z$/),
        text: expect.stringContaining('Plain only'),
        html: null,
      },
      expect.objectContaining({
        to: ['ann@example.test'],
        subject: 'First <b>one</b>',
        html: expect.stringContaining('Styled'),
      }),
    ]);
    expect((await read('?to=Ann@example.test')).map(({ subject }) => subject)).toEqual(['First <b>one</b>']);
    expect((await read('?limit=1')).map(({ subject }) => subject)).toEqual(['Second']);
  });

  test('people see the list, with or without an address', async () => {
    const list = await visitor.get('/dev/mailbox');
    expect(list.text).toContain('2 mails');
    expect(list.source).toContain('First &lt;b&gt;one&lt;/b&gt;');
    expect((await visitor.get('/dev/mailbox?to=ben@example.test')).text).not.toContain('First');
    expect((await visitor.get('/dev/mailbox?page=0')).status).toBe(400);
  });

  test('a message shows its text with links to follow, and its HTML in a frame of ours', async () => {
    const id = await idOf('ann@example.test');
    const page = await visitor.get(`/dev/mailbox/${id}`);
    expect(page.source).toContain('href="http://127.0.0.1/r/abc"');
    expect(page.source).toContain(`sandbox="" src="/dev/mailbox/${id}/html"`);
    expect(page.text).toContain('ann@example.test');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none';.*frame-src 'self'/);
  });

  test('the HTML part can do nothing, and only our own page may frame it', async () => {
    const part = await visitor.get(`/dev/mailbox/${await idOf('ann@example.test')}/html`);
    expect(part.source).toContain('<script>');
    expect(part.headers.get('content-security-policy')).toBe(
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    );
    expect(part.headers.get('x-frame-options')).toBeNull();
    expect((await visitor.get(`/dev/mailbox/${await idOf('ben@example.test')}/html`)).status).toBe(404);
  });

  test.each(['nothing', '..%2f..%2fetc%2fpasswd', '00000000000000-00000000'])('there is no message %s', async (id) => {
    expect((await visitor.get(`/dev/mailbox/${id}`)).status).toBe(404);
    expect((await visitor.get(`/dev/mailbox/${id}/html`)).status).toBe(404);
  });
});

describe('to everybody else there is nothing here', () => {
  const paths = async () => [
    '/dev/mailbox',
    '/dev/mailbox.json',
    `/dev/mailbox/${await idOf('ann@example.test')}`,
    `/dev/mailbox/${await idOf('ann@example.test')}/html`,
  ];

  test.each([
    ['x-forwarded-for', '127.0.0.1'],
    ['x-real-ip', '127.0.0.1'],
    ['forwarded', 'for=127.0.0.1'],
    ['via', '1.1 proxy'],
  ])('through a proxy that sends %s', async (name, value) => {
    for (const path of await paths()) expect((await visitor.get(path, { [name]: value })).status).toBe(404);
  });

  test('by a name that somebody else could have given to this machine', async () => {
    for (const [host, status] of [
      ['rebound.evil.test', 404],
      ['127.0.0.1.evil.test', 404],
      ['localhost', 200],
      ['[::1]:8080', 200],
      ['127.0.0.2:80', 200],
    ] as const)
      expect(await statusOf({ host: '127.0.0.1', port, path: '/dev/mailbox', headers: { host } })).toBe(status);
  });

  test('by a connection that does not come from a loopback address', async () => {
    const folder = await scratchFolder('mailbox-test');
    const socketPath = join(folder, 'proxy.sock');
    const behind = createServer(app).listen(socketPath);
    await once(behind, 'listening');
    try {
      for (const path of await paths())
        expect(await statusOf({ socketPath, path, headers: { host: 'localhost' } })).toBe(404);
    } finally {
      behind.close();
      await rm(folder, { recursive: true });
    }
  });
});

/** fetch would not send a Host of our choice. */
function statusOf(options: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    request(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
