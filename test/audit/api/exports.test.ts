import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AuditApi, type Export } from './support/audit-api.ts';
import { ExportedWorld } from './support/exported-world.ts';

let world: ExportedWorld;

beforeAll(async () => {
  world = await ExportedWorld.open();
});

afterAll(() => world?.close());

describe('an export', () => {
  test('is accepted at once, is made by the worker, and says what it holds', async () => {
    const { status, body } = await world.audit.call('POST', '/exports', {
      from: '2020-01-01T00:00:00Z',
      to: '2040-01-01T00:00:00Z',
    });
    expect({ status, body }).toEqual({
      status: 202,
      body: expect.objectContaining({
        state: 'preparing',
        url: null,
        from: '2020-01-01T00:00:00.000Z',
        entries: null,
        error: null,
      }),
    });
    expect(Date.parse(body.to)).toBeLessThanOrEqual(Date.now() + 1);
    const ready = await world.audit.finished(body.id);
    expect(ready).toMatchObject({
      state: 'ready',
      url: `${world.system.baseUrl}/api/v1/audit/exports/${body.id}/bundle`,
      progress: null,
      error: null,
      entries: expect.any(Number),
      tree_size: expect.any(Number),
    });
    expect(Date.parse(ready.expires_at) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
  });

  test('holds every entry of its time, and is the file that it says it is', async () => {
    const expected = (await world.audit.entries({ to: world.made.to })).length;
    expect(world.made.entries).toBe(expected);
    expect({ bytes: world.bundle.length, sha256: createHash('sha256').update(world.bundle).digest('hex') }).toEqual({
      bytes: world.made.bytes,
      sha256: world.made.sha256,
    });
    const response = await fetch(world.made.url ?? '', {
      headers: { authorization: `Bearer ${world.system.ownerKey}` },
    });
    expect(
      Object.fromEntries(
        ['content-type', 'content-length', 'content-disposition'].map((name) => [name, response.headers.get(name)]),
      ),
    ).toEqual({
      'content-type': 'application/octet-stream',
      'content-length': String(world.made.bytes),
      'content-disposition': expect.stringMatching(
        /^attachment; filename="countersign-audit-2020-01-01-[-0-9a-f]+\.jsonl"$/,
      ),
    });
    await response.arrayBuffer();
  });

  test('of a part of the time holds that part, and proves it for the whole log', async () => {
    const all = (await world.audit.sealed()).toReversed();
    const [from, to] = [all[2]!.at, all[5]!.at];
    const part = await world.audit.exported({ from, to });
    expect(part.entries).toBe(all.filter(({ at }) => at >= from && at < to).length);
    expect(await world.verify(await world.audit.bundle(part))).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining(`VALID: ${part.entries} `),
    });
    expect(part.tree_size).toBeGreaterThanOrEqual(all.length);
  });

  test('of a time in which nothing happened is a bundle without entries, which verifies', async () => {
    const empty = await world.audit.exported({ from: '2021-01-01T00:00:00Z', to: '2021-02-01T00:00:00Z' });
    expect(empty).toMatchObject({ state: 'ready', entries: 0 });
    expect(await world.verify(await world.audit.bundle(empty))).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('VALID: 0 entries'),
    });
  });

  test.each<[string, object, string]>([
    ['a time that ends before it begins', { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'to'],
    ['a time that ends as it begins', { from: '2026-02-01T00:00:00Z', to: '2026-02-01T01:00:00+01:00' }, 'to'],
    ['a time in the future', { from: '2040-01-01T00:00:00Z', to: '2041-01-01T00:00:00Z' }, 'from'],
    ['a time that is none', { from: 'last month', to: '2026-01-01T00:00:00Z' }, 'from'],
    ['a time before all times', { from: '0000-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'from'],
    ['half a time', { from: '2026-01-01T00:00:00Z' }, 'to'],
  ])('of %s is refused', async (_what, body, path) => {
    expect(await world.audit.call('POST', '/exports', body)).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ path }] },
    });
  });

  test('that is asked for again with the same key is the same one', async () => {
    const ask = () =>
      world.audit.call(
        'POST',
        '/exports',
        { from: '2020-01-01T00:00:00Z', to: world.made.to },
        { 'idempotency-key': 'for-the-auditors' },
      );
    const [first, second] = [await ask(), await ask()];
    expect(second.body).toEqual(first.body);
    expect((await world.audit.finished(first.body.id)).state).toBe('ready');
    expect((await world.audit.entries({ action: 'audit.export_requested', resource: first.body.id })).length).toBe(1);
  });

  test('is on record: that it was asked for, world.made, and downloaded', async () => {
    await world.audit.bundle(world.made);
    const entries = await world.audit.entries({ resource: world.made.id });
    expect(
      entries
        .map(({ action, actor, source }) => [action, actor.type, source !== null])
        .toReversed()
        .slice(0, 3),
    ).toEqual([
      ['audit.export_requested', 'operator', true],
      ['audit.export_made', 'workflow', false],
      ['audit.export_downloaded', 'operator', true],
    ]);
    expect(entries.find(({ action }) => action === 'audit.export_made')?.detail).toMatchObject({
      entries: world.made.entries,
      sha256: world.made.sha256,
    });
  });

  test('is listed, newest first', async () => {
    const { items } = await world.audit.need('GET', '/exports?limit=2');
    expect(items).toHaveLength(2);
    const rest = await world.audit.need('GET', '/exports');
    expect(rest.items.map(({ id }: Export) => id)).toContain(world.made.id);
    expect(rest.items.map(({ id }: Export) => id)).toEqual(
      rest.items
        .map(({ id }: Export) => id)
        .toSorted()
        .toReversed(),
    );
  });

  test('is for those who may read everything: neither for auditors of a team nor for another organization', async () => {
    const ofTeam = new AuditApi(world.system, await world.system.person('research', 'tea', ['auditor']));
    for (const [method, path] of [
      ['GET', '/exports'],
      ['GET', `/exports/${world.made.id}`],
      ['GET', `/exports/${world.made.id}/bundle`],
      ['POST', '/exports'],
    ] as const) {
      const body = method === 'POST' ? { from: '2020-01-01T00:00:00Z', to: world.made.to } : undefined;
      expect({ path, status: (await ofTeam.call(method, path, body)).status }).toEqual({ path, status: 403 });
    }
    expect((await world.audit.entries({ action: 'access.denied', actor: 'tea' })).length).toBe(4);
    const other = new AuditApi(
      world.system,
      (await world.system.need('POST', '/api/v1/organizations', { name: 'Other' })).owner_key,
    );
    for (const path of [`/exports/${world.made.id}`, `/exports/${world.made.id}/bundle`])
      expect(await other.call('GET', path)).toMatchObject({ status: 404, body: { type: '/problems/not-found' } });
    expect((await other.need('GET', '/exports')).items).toEqual([]);
  });
});
