import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ExportedWorld } from './support/exported-world.ts';

let world: ExportedWorld;

beforeAll(async () => {
  world = await ExportedWorld.open();
});

afterAll(() => world?.close());

describe('an export, in the course of time,', () => {
  test('that is not ready, or was never asked for, has no bundle', async () => {
    await world.system.stopWorker();
    const { id } = await world.audit.need('POST', '/exports', { from: '2020-01-01T00:00:00Z', to: world.made.to });
    expect(await world.audit.call('GET', `/exports/${id}/bundle`)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('still being prepared') },
    });
    await world.system.startWorker();
    expect((await world.audit.finished(id)).state).toBe('ready');
    for (const path of [
      '/exports/0a000000-0000-7000-8000-00000000000a',
      '/exports/0a000000-0000-7000-8000-00000000000a/bundle',
    ])
      expect((await world.audit.call('GET', path)).status).toBe(404);
    expect((await world.audit.call('GET', '/exports/none')).status).toBe(404);
  });

  test('is gone, file and all, once it has expired', async () => {
    const old = await world.audit.exported({ to: world.made.to });
    await world.asAdmin(
      `update countersign.audit_exports set expires_at = now() - interval '1 second' where id = '${old.id}'`,
    );
    expect((await world.audit.call('GET', `/exports/${old.id}`)).status).toBe(404);
    expect((await world.audit.call('GET', `/exports/${old.id}/bundle`)).status).toBe(404);
    await world.asAdmin('select countersign.forget_expired()');
    const left = await world.asAdmin(
      `select (select count(*)::int from countersign.audit_exports where id = '${old.id}') as exports, (select count(*)::int from countersign.audit_export_chunks where export_id = '${old.id}') as chunks`,
    );
    expect(left).toEqual([{ exports: 0, chunks: 0 }]);
    expect((await world.audit.need('GET', `/exports/${world.made.id}`)).state).toBe('ready');
  });

  test('is kept sealed: nothing of what it says is to be found in the database', async () => {
    const [row] = await world.asAdmin(
      `select string_agg(data, ''::bytea order by position) as data from countersign.audit_export_chunks where export_id = '${world.made.id}'`,
    );
    const kept = row!['data'] as Buffer;
    expect(kept.length).toBeGreaterThan(1_000);
    expect(kept.subarray(0, 1).toString('hex')).toBe('01');
    for (const said of ['research', '127.0.0.1', 'member.added', '(\xb5/\xfd'])
      expect(kept.includes(Buffer.from(said, 'latin1'))).toBe(false);
  });

  test('is not handed out any more once somebody was erased whom it may tell about, and is forgotten', async () => {
    const before = await world.audit.exported({ to: world.made.to });
    await world.asAdmin(
      `update keyring.subject_keys set destroyed_at = now(), wrapped = null where id = (select target_id from countersign.directory where kind = 'address' order by target_id limit 1)`,
    );
    expect(await world.audit.need('GET', `/exports/${before.id}`)).toMatchObject({
      state: 'failed',
      url: null,
      error: expect.stringContaining('was erased'),
    });
    expect(await world.audit.call('GET', `/exports/${before.id}/bundle`)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('Ask for a new one') },
    });
    const after = await world.audit.exported({ to: world.made.to });
    expect(after.state).toBe('ready');
    expect(await world.verify(await world.audit.bundle(after))).toMatchObject({ exitCode: 0 });
    await world.asAdmin('select countersign.forget_expired()');
    expect(await world.audit.call('GET', `/exports/${before.id}`)).toMatchObject({ status: 404 });
    expect((await world.audit.need('GET', `/exports/${after.id}`)).state).toBe('ready');
    world.made = after;
    world.bundle = await world.audit.bundle(after);
  });

  test('fails, and says so, where an entry was removed past everything', async () => {
    const victim = await world.audit.sealed();
    const { id, at } = victim[victim.length - 1]!;
    const [row] = await world.asAdmin(
      `select to_jsonb(e) as entry, sealed from countersign.audit_entries e where id = '${id}'`,
    );
    await world.asAdmin(
      `set session_replication_role = replica; delete from countersign.audit_entries where id = '${id}'`,
    );
    const failed = await world.audit.exported();
    expect(failed).toMatchObject({ state: 'failed', url: null, error: expect.stringContaining('entry-missing') });
    expect((await world.audit.entries({ resource: failed.id }))[0]).toMatchObject({
      action: 'audit.export_failed',
      detail: { problem: 'entry-missing' },
    });
    expect((await world.audit.call('GET', `/exports/${failed.id}/bundle`)).status).toBe(404);
    const { leaf, organization_id: organization } = row!['entry'] as Record<string, string>;
    await world.asAdmin(
      'insert into countersign.audit_entries (id, organization_id, at, leaf, sealed) values ($1, $2, $3, $4, $5)',
      [id, organization, at, leaf, row!['sealed']],
    );
    expect((await world.audit.exported()).state).toBe('ready');
  });
});
