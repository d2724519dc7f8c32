import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ProblemError, Unavailable } from '../../src/platform/errors.ts';
import { Installation } from './support/installation.ts';
import { TestServer } from './support/server.ts';

describe('Idempotency-Key', () => {
  let installation: Installation;
  let one: TestServer;
  let two: TestServer;
  let count = 0;

  beforeAll(async () => {
    installation = await Installation.create();
  });
  beforeEach(async () => {
    [one, two] = await Promise.all([TestServer.start(installation), TestServer.start(installation)]);
  });
  afterEach(() => Promise.all([one.close(), two.close()]));
  afterAll(() => installation.close());

  const newKey = () => `test-${(count += 1)}`;
  const send = (server: TestServer, key: string, text = 'hello', more: object = {}) =>
    server.ask('POST', '/api/v1/notes', { body: { text, ...more }, headers: { 'idempotency-key': key } });
  const made = async () =>
    (await installation.query("select 1 from countersign.audit_entries where action = 'team.made'")).length;

  test('the same key with the same body gives the first answer again, from any process, and makes nothing', async () => {
    const key = newKey();
    const first = await send(one, key);
    expect(first.status).toBe(201);
    const before = await made();
    for (const server of [one, two]) {
      const again = await send(server, key);
      expect(again.status).toBe(201);
      expect(again.body).toEqual({ ...first.body, secret: null });
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
    }
    expect(await made()).toBe(before);
    const metrics = await two.ask('GET', '/metrics');
    expect(metrics.text).toContain('countersign_idempotent_replays_total 1');
  });

  test('a secret is shown the first time only, and stored nowhere', async () => {
    const key = newKey();
    expect((await send(one, key)).body['secret']).toBe('shown-once');
    expect((await send(one, key)).body['secret']).toBeNull();
  });

  test('what stands in the body in another order is the same body', async () => {
    const key = newKey();
    const body = (raw: string) =>
      one.ask('POST', '/api/v1/notes', {
        raw,
        headers: { 'idempotency-key': key, 'content-type': 'application/json' },
      });
    const first = await body('{"text":"x","tags":[]}');
    const again = await body(' {"tags": [], "text": "x"} ');
    expect(again.status).toBe(201);
    expect(again.body['id']).toBe(first.body['id']);
  });

  test('another body under the same key is a conflict', async () => {
    const key = newKey();
    await send(one, key);
    const before = await made();
    const other = await send(two, key, 'good-bye');
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({ type: '/problems/idempotency-conflict' });
    expect(await made()).toBe(before);
  });

  test('two callers may use the same key', async () => {
    const key = newKey();
    const first = await send(one, key);
    const caller = await installation.serviceKey(['approvals:write']);
    const other = await one.ask('POST', '/api/v1/notes', {
      key: caller,
      body: { text: 'hello' },
      headers: { 'idempotency-key': key },
    });
    expect(other.status).toBe(201);
    expect(other.body['id']).not.toBe(first.body['id']);
  });

  test('without a key every request is another one', async () => {
    const ask = () => one.ask('POST', '/api/v1/notes', { body: { text: 'hello' } });
    expect((await ask()).body['id']).not.toBe((await ask()).body['id']);
  });

  test.each(['', ' ', 'two words', 'x'.repeat(256)])('the key %j is refused', async (key) => {
    const { status, body } = await send(one, key);
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ path: 'header.idempotency-key' }] });
  });

  test('twenty at the same moment on two processes are one, and all get its answer', async () => {
    const key = newKey();
    const before = await made();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => send(i % 2 ? one : two, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    expect(answers.filter(({ body }) => body['secret'] === 'shown-once')).toHaveLength(1);
    expect(await made()).toBe(before + 1);
  });

  test('a crash after the commit: the repetition finds what was made, and makes nothing twice', async () => {
    const key = newKey();
    one.notes.hooks.afterCommit = async () => {
      throw new Error('the process is gone');
    };
    const before = await made();
    expect((await send(one, key)).status).toBe(500);
    expect(await made()).toBe(before + 1);
    const again = await send(two, key);
    expect(again.status).toBe(201);
    expect(again.body['repeated']).toBe(true);
    expect(await made()).toBe(before + 1);
    expect((await send(one, key)).body).toEqual(again.body);
  });

  test('a process that stops in the middle loses its claim: a repetition waits for that, and takes over; what comes late changes nothing', async () => {
    const key = newKey();
    const [reached, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    one.notes.hooks.afterCommit = () => {
      reached.resolve();
      return resumed.promise;
    };
    one.clock.stop();
    const first = send(one, key);
    await reached.promise;
    const before = await made();
    two.clock.advance(2_000);
    const again = await send(two, key);
    expect(again.status).toBe(201);
    expect(again.body['repeated']).toBe(true);
    expect(await made()).toBe(before);
    resumed.resolve();
    expect((await first).body['id']).toBe(again.body['id']);
    expect((await send(two, key)).body).toEqual(again.body);
  });

  test('a process that is only slow keeps its claim, and the repetition gets its answer', async () => {
    const key = newKey();
    const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    one.notes.hooks.afterCommit = async () => {
      reached.resolve();
      await go.promise;
    };
    const first = send(one, key);
    await reached.promise;
    const aSecondLater = new Date(Date.now() + 6_000);
    await installation.until(
      'select 1 from countersign.idempotent_requests where status is null and locked_until > $1',
      [aSecondLater],
    );
    two.clock.advance(4_000);
    const second = send(two, key);
    await two.clock.read(30);
    go.resolve();
    expect((await second).body).toEqual({ ...(await first).body, secret: null });
  });

  test('what was refused leaves nothing behind: once it can be done, the same key does it', async () => {
    const key = newKey();
    one.notes.hooks.instead = async () => {
      throw new ProblemError('already-exists', 'There is one already.');
    };
    expect((await send(one, key)).status).toBe(409);
    expect((await send(two, key)).status).toBe(201);
  });

  test('what was refused keeps its key from serving another request', async () => {
    const key = newKey();
    one.notes.hooks.instead = async () => {
      throw new Unavailable('The workflow service');
    };
    expect((await send(one, key)).status).toBe(503);
    expect((await send(two, key, 'something else')).body).toMatchObject({ type: '/problems/idempotency-conflict' });
  });

  test('what was not understood can be corrected under the same key', async () => {
    const key = newKey();
    expect((await send(one, key, '  ')).status).toBe(400);
    expect((await send(one, key, 'corrected')).status).toBe(201);
    const later = newKey();
    one.notes.hooks.instead = async () => {
      throw new ProblemError('invalid-request', 'The chain cannot be met.', { errors: [] });
    };
    expect((await send(one, later)).status).toBe(400);
    expect((await send(two, later, 'corrected')).status).toBe(201);
  });

  test('nothing readable is stored: neither the key, nor the request, nor the answer', async () => {
    const key = 'order-of-jane.doe';
    const text = 'Notice about Jane Doe';
    const person = await installation.person();
    expect((await send(one, key, text, { about: person })).status).toBe(201);
    const rows = await installation.query<{ bytes: Buffer }>(
      'select key_hash || request_hash || answer as bytes from countersign.idempotent_requests where answer is not null',
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { bytes } of rows) {
      const stored = bytes.toString('latin1');
      for (const plain of [key, text, 'Jane', 'shown-once', 'repeated']) expect(stored).not.toContain(plain);
    }
  });

  test('the answer cannot be had again once somebody it tells about was erased', async () => {
    const key = newKey();
    const person = await installation.person();
    await send(one, key, 'about somebody', { about: person });
    await installation.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      person,
    ]);
    const later = await TestServer.start(installation);
    const again = await send(later, key, 'about somebody', { about: person });
    expect(again.status).toBe(201);
    expect(again.text).toBe('');
    await later.close();
  });

  test('after seven days the key is free again, and nothing of the request is left', async () => {
    const key = newKey();
    const first = await send(one, key);
    await installation.age('idempotent_requests', 'created_at', '6 days 23 hours');
    await one.housekeeping.sweep();
    expect((await send(two, key)).body['id']).toBe(first.body['id']);
    await installation.age('idempotent_requests', 'created_at', '2 hours');
    await one.housekeeping.sweep();
    const again = await send(two, key);
    expect(again.status).toBe(201);
    expect(again.body['id']).not.toBe(first.body['id']);
  });

  test('an answer about more people than can seal it is not stored; the repetition is carried out again, and makes nothing twice', async () => {
    const key = newKey();
    one.notes.hooks.subjects = await installation.people(300);
    const before = await made();
    expect((await send(one, key)).status).toBe(201);
    expect((await send(two, key)).status).toBe(201);
    expect(await made()).toBe(before + 1);
  });
});
