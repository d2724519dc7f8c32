import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { docsSections } from '../../src/docs-sections.ts';
import { publicPages } from '../../src/pages/routes/public-pages.ts';
import { PROBLEM_CODES } from '../../src/platform/errors.ts';
import type { ApiDocument } from '../../src/platform/http/openapi/document.ts';
import { PERMISSIONS } from '../../src/tenancy/rules/permissions.ts';
import { Installation } from './support/installation.ts';
import { TestServer } from './support/server.ts';

const HTML = { accept: 'text/html' };

describe('what every process serves', () => {
  let installation: Installation;
  let server: TestServer;

  beforeAll(async () => {
    installation = await Installation.create();
    const pages = (document: ApiDocument) => [
      publicPages({ document, sections: docsSections(), publicUrl: 'http://localhost' }),
    ];
    server = await TestServer.start(installation, { pages });
  });
  afterAll(async () => {
    await server.close();
    await installation.close();
  });

  const open = (path: string, headers: Record<string, string> = {}) => server.ask('GET', path, { key: null, headers });

  test('/healthz answers while the process lives', async () => {
    expect((await open('/healthz')).body).toEqual({ status: 'ok' });
  });

  test('/metrics counts requests by pattern, method and status', async () => {
    await server.ask('GET', '/api/v1/notes');
    await server.ask('GET', '/api/v1/nothing/of/the/kind');
    const { text, headers } = await open('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=/);
    expect(text).toMatch(/http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/notes",status="200"\} 1/);
    expect(text).toMatch(/http_request_duration_seconds_count\{method="GET",route="\(none\)",status="404"\} 1/);
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).not.toContain('of/the/kind');
  });

  test('/openapi.json is the document, and is not sent again to who has it', async () => {
    const { body, headers } = await open('/openapi.json');
    expect(body).toMatchObject({ openapi: '3.1.1', info: { version: '1.2.3' } });
    expect((await open('/openapi.json', { 'if-none-match': headers.get('etag') ?? '' })).status).toBe(304);
  });

  test('/docs shows every route, what each role may do, and every problem', async () => {
    const { text, headers } = await open('/docs', HTML);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const summary of ['Read a note', 'Make a note', 'List notes']) expect(text).toContain(summary);
    for (const { meaning } of Object.values(PERMISSIONS)) expect(text).toContain(meaning);
    for (const code of PROBLEM_CODES) expect(text).toContain(`href="/problems/${code}"`);
  });

  test.each(PROBLEM_CODES)('/problems/%s explains it, to people and to programs', async (code) => {
    const page = await open(`/problems/${code}`, HTML);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`<code>/problems/${code}</code>`);
    const { body, headers } = await open(`/problems/${code}`);
    expect(body).toMatchObject({
      type: `/problems/${code}`,
      status: expect.any(Number),
      meaning: expect.any(String),
      remedy: expect.any(String),
    });
    expect(headers.get('vary')).toContain('Accept');
  });

  test('/problems of another kind are not there', async () => {
    expect((await open('/problems/no-such-thing')).status).toBe(404);
    expect((await open('/problems/__proto__', HTML)).status).toBe(404);
  });

  test('/ says where to go on', async () => {
    const page = await open('/', HTML);
    for (const link of ['/inbox', '/docs', '/openapi.json']) expect(page.text).toContain(`href="${link}"`);
    expect((await open('/')).body).toMatchObject({ version: '1.2.3', openapi: '/openapi.json' });
  });

  test('/assets have their types, may be cached, and are not sent again to who has them', async () => {
    for (const [name, type] of [
      ['countersign.css', 'text/css; charset=utf-8'],
      ['logo.svg', 'image/svg+xml'],
    ] as const) {
      const { status, headers, text } = await open(`/assets/${name}`);
      expect(status).toBe(200);
      expect(text.length).toBeGreaterThan(100);
      expect(headers.get('content-type')).toBe(type);
      expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+/);
      const etag = headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[\w-]{43}"$/);
      expect((await open(`/assets/${name}`, { 'if-none-match': etag })).status).toBe(304);
    }
  });

  test.each([
    '/assets/',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/html.ts',
    '/assets/nothing.css',
    '/assets/constructor',
  ])('%s leads to no file', async (path) => {
    expect((await open(path)).status).toBe(404);
  });
});

describe('/readyz', () => {
  let installation: Installation;

  beforeAll(async () => {
    installation = await Installation.create();
  });
  afterAll(() => installation.close());

  test('is 200 only when everything answers, and names what does not', async () => {
    let databaseAnswers = true;
    const server = await TestServer.start(installation, {
      checks: [
        {
          name: 'database',
          check: async () => {
            if (!databaseAnswers) throw new Error('connection refused at 10.0.0.7');
          },
        },
        { name: 'temporal', check: async () => undefined },
      ],
    });
    const ready = await server.ask('GET', '/readyz', { key: null });
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready' }]);

    databaseAnswers = false;
    let answer = await server.ask('GET', '/readyz', { key: null });
    while (answer.status === 200) answer = await server.ask('GET', '/readyz', { key: null });
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      type: '/problems/unavailable',
      detail: 'Not ready: database.',
      not_ready: ['database'],
    });
    expect(answer.text).not.toContain('10.0.0.7');
    expect((await server.ask('GET', '/healthz', { key: null })).status).toBe(200);
    await server.close();
  });

  test('does not wait for what never answers, and many probes are one look', async () => {
    let looks = 0;
    const server = await TestServer.start(installation, {
      checks: [
        {
          name: 'temporal',
          check: () => {
            looks += 1;
            return new Promise(() => undefined);
          },
        },
      ],
    });
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.ask('GET', '/readyz', { key: null })));
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(answers[0]?.body).toMatchObject({ not_ready: ['temporal'] });
    expect(looks).toBe(1);
    await server.close();
  });
});
