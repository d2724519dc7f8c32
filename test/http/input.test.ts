import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BODY_LIMIT_BYTES, MAX_NESTING } from '../../src/platform/http/body.ts';
import { Installation } from './support/installation.ts';
import { type Asked, TestServer } from './support/server.ts';

describe('what was sent', () => {
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

  const made = async () =>
    (await installation.query("select 1 from countersign.audit_entries where action = 'team.made'")).length;

  /** Sends a note that must be refused and must have changed nothing; gives the errors by path. */
  async function refused(asked: Asked): Promise<Record<string, string>> {
    const before = await made();
    const { status, body } = await server.ask('POST', '/api/v1/notes', asked);
    expect(status).toBe(400);
    expect(body).toMatchObject({ type: '/problems/invalid-request', status: 400 });
    expect(await made()).toBe(before);
    const errors = body['errors'] as { path: string; message: string }[];
    return Object.fromEntries(errors.map(({ path, message }) => [path, message]));
  }

  test.each<[string, unknown, Record<string, unknown>]>([
    ['a missing field', {}, { text: 'is required' }],
    ['an unknown field', { text: 'x', txet: 'y' }, { txet: 'is not a known field' }],
    [
      'an unknown field deep inside',
      { text: 'x', tags: [{ name: 'a' }, { name: 'b', colour: 'red' }] },
      { 'tags.1.colour': 'is not a known field' },
    ],
    [
      'a field that could change every object',
      JSON.parse('{"text":"x","__proto__":{"scope":"admin"}}'),
      { ['__proto__']: 'is not a known field' },
    ],
    ['a wrong type', { text: 7 }, { text: 'must be a string' }],
    ['null for the whole', null, { '': expect.stringContaining('object') }],
    ['a list for the whole', [], { '': expect.stringContaining('object') }],
    [
      'too many items',
      { text: 'x', tags: ['a', 'b', 'c', 'd'].map((name) => ({ name })) },
      { tags: expect.stringContaining('3') },
    ],
    [
      'a line break in a line',
      { text: 'x\r\nBcc: everybody' },
      { text: 'must be one line without control characters' },
    ],
    ['a blank line', { text: '  ' }, { text: 'must not be blank' }],
    ['too long a line', { text: 'x'.repeat(101) }, { text: expect.stringContaining('100') }],
    [
      'a step of the path',
      { text: 'x', tags: [{ name: '...' }, { name: '..' }] },
      { 'tags.1.name': expect.stringContaining('neither `.` nor `..`') },
    ],
    ['no UUID', { text: 'x', about: 'jane' }, { about: 'must be a UUID' }],
    [
      'a choice that is meant, with a mistake in it',
      { text: 'x', kind: { role: 'boss' } },
      { 'kind.role': expect.stringContaining('manager') },
    ],
    [
      'a choice with a field too many',
      { text: 'x', kind: { user: 'jane', colour: 'red' } },
      { 'kind.colour': 'is not a known field' },
    ],
    [
      'two choices at once',
      { text: 'x', kind: { user: 'jane', role: 'vp' } },
      { kind: 'give only one of `role` and `user`' },
    ],
    [
      'two choices at once and a field too many',
      { text: 'x', kind: { user: 'jane', role: 'vp', colour: 'red' } },
      { kind: 'give only one of `role` and `user`', 'kind.colour': 'is not a known field' },
    ],
  ])('%s is refused, with its path', async (_what, body, errors) => {
    const got = await refused({ raw: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    expect(got).toMatchObject(errors);
  });

  test.each<[string, Asked, string, string]>([
    ['no body', { headers: { 'content-type': 'application/json' } }, '', 'a JSON body is required'],
    [
      'malformed JSON',
      { raw: '{"text": "x"', headers: { 'content-type': 'application/json' } },
      '',
      'the body is not well-formed JSON',
    ],
    [
      'a form',
      { raw: 'text=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'header.content-type',
      'must be application/json',
    ],
    [
      'JSON that says it is text',
      { raw: '{"text":"x"}', headers: { 'content-type': 'text/plain' } },
      'header.content-type',
      'must be application/json',
    ],
    [
      'broken UTF-8',
      {
        raw: new Uint8Array([...Buffer.from('{"text":"'), 0xc3, 0x28, ...Buffer.from('"}')]),
        headers: { 'content-type': 'application/json' },
      },
      '',
      'the body is not well-formed UTF-8',
    ],
    [
      'half a surrogate pair',
      { raw: '{"text":"\\ud800"}', headers: { 'content-type': 'application/json' } },
      'text',
      'must be well-formed Unicode',
    ],
    [
      'a compressed body',
      { raw: '{"text":"x"}', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      'header.content-encoding',
      'must not be set: send the body as it is',
    ],
    [
      'a field that stands twice',
      {
        raw: '{"text":"what was looked at","tags":[],"text":"what is done"}',
        headers: { 'content-type': 'application/json' },
      },
      'text',
      'stands more than once in the same object',
    ],
    [
      'a field that stands twice deep inside, once in other letters',
      {
        raw: '{"text":"x","tags":[{"name":"a"},{"name":"b","n\\u0061me":"c"}]}',
        headers: { 'content-type': 'application/json' },
      },
      'tags.1.name',
      'stands more than once in the same object',
    ],
    [
      'lists in lists without end',
      {
        raw: `{"text":"x","context":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
        headers: { 'content-type': 'application/json' },
      },
      '',
      `the body is nested more than ${MAX_NESTING} levels deep`,
    ],
  ])('%s is refused', async (_what, asked, path, message) => {
    expect(await refused(asked)).toEqual({ [path]: message });
  });

  test('brackets inside texts are no nesting', async () => {
    const text = '[{'.repeat(45);
    expect(
      (await server.ask('POST', '/api/v1/notes', { body: { text, context: `"\\"${'['.repeat(200)}` } })).status,
    ).toBe(201);
  });

  test('of thousands of mistakes, some are named', async () => {
    const body = { text: 'x', ...Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, 1])) };
    expect(Object.keys(await refused({ body }))).toHaveLength(20);
  });

  test('a wrong query is named as such', async () => {
    const { body } = await server.ask('GET', '/api/v1/notes?limit=0&colour=red');
    expect((body['errors'] as { path: string }[]).map(({ path }) => path).toSorted()).toEqual([
      'query.colour',
      'query.limit',
    ]);
    expect((await server.ask('GET', '/api/v1/notes?limit=1&limit=2')).status).toBe(400);
    expect((await server.ask('GET', '/api/v1/notes?limit=17')).body).toMatchObject({ next_cursor: '17' });
  });

  test('what cannot be an id is the id of nothing, unless the request would make it one', async () => {
    expect(await server.ask('GET', '/api/v1/notes/not-a-uuid')).toMatchObject({
      status: 404,
      body: { type: '/problems/not-found' },
    });
    expect(await server.ask('PUT', '/api/v1/notes/not-a-uuid', { body: { text: 'x' } })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'path.id', message: 'must be a UUID' }] },
    });
  });

  test.each(['/api/v1/notes/%', '/api/v1/notes/%ff', '/%c0%80', '/api/v1/notes/%00'])(
    'the malformed address %s is the caller’s mistake',
    async (path) => {
      expect((await server.ask('GET', path)).status).toBe(/%c0%80|%00/.test(path) ? 404 : 400);
    },
  );

  test('a body of many MB is refused before it has been sent', async () => {
    const announced = 500 * BODY_LIMIT_BYTES;
    const { answer, sent } = await sendUntilAnswered(
      server.port,
      installation.ownerKey,
      { 'Content-Length': `${announced}` },
      (bytes) => [bytes],
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"type":"/problems/payload-too-large"');
    expect(sent).toBeLessThan(announced / 2);
  });

  test('a body that does not say how long it is is refused when it has become too long', async () => {
    const chunked = (bytes: Buffer) => [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')];
    const { answer, sent } = await sendUntilAnswered(
      server.port,
      installation.ownerKey,
      { 'Transfer-Encoding': 'chunked' },
      chunked,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeGreaterThan(BODY_LIMIT_BYTES);
  });

  test('a client that goes away half-way leaves nothing behind', async () => {
    const before = await made();
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST /api/v1/notes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${installation.ownerKey}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text":`,
      () => socket.resetAndDestroy(),
    );
    await server.logged((line) => line['clientGone'] === true && line['route'] === '/api/v1/notes');
    expect(await made()).toBe(before);
    expect(server.log.filter((line) => line['level'] === 'error')).toEqual([]);
  });
});

/** Sends and sends, until the first bytes of an answer come; a client that never stops to listen would not see more. */
async function sendUntilAnswered(
  port: number,
  key: string,
  headers: Record<string, string>,
  frame: (bytes: Buffer) => Buffer[],
): Promise<{ answer: string; sent: number }> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  let sent = 0;
  socket.on('data', (data) => (answer += data.toString()));
  const head = { Host: 'x', Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers };
  socket.write(
    `POST /api/v1/notes HTTP/1.1\r\n${Object.entries(head)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
  );
  const piece = Buffer.alloc(64 * 1024, ' ');
  while (!answer.includes('}') && !socket.destroyed) {
    for (const bytes of frame(piece)) await new Promise<void>((resolve) => void socket.write(bytes, () => resolve()));
    sent += piece.length;
  }
  socket.destroy();
  return { answer, sent };
}
