import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { openCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { parseVerifierKey } from '../../../src/audit/notes/keys.ts';
import { runCli } from '../../cli/support/run-cli.ts';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { AuditApi, type Export } from './support/audit-api.ts';

let system: TestSystem;
let audit: AuditApi;
let folder: string;
let key: string;
/** A bundle of everything up to now, and the file it is in. */
let made: Export;
let bundle: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-export-'));
  system = await startTestSystem();
  audit = new AuditApi(system);
  await system.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  for (const user of ['ada', 'max', 'kim']) await system.person('research', user, ['member']);
  made = await audit.exported();
  bundle = await audit.bundle(made);
  key = await audit.publicKey();
});

afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** As an auditor does it: no configuration, no database, no network. */
async function verify(content: string | Buffer, more: readonly string[] = [], publicKey = key) {
  const path = await file('bundle.jsonl', content);
  return runCli(['audit', 'verify', path, '--key', publicKey, ...more], {});
}

/** The number of the line with an entry, and the lines. */
function lineOf(seq: number): { lines: string[]; at: number } {
  const lines = bundle.toString().split('\n');
  return { lines, at: lines.findIndex((line) => line.startsWith(`{"seq":${seq},`)) };
}

describe('an export', () => {
  test('is accepted at once, is made by the worker, and says what it holds', async () => {
    const { status, body } = await audit.call('POST', '/exports', {
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
    const ready = await audit.finished(body.id);
    expect(ready).toMatchObject({
      state: 'ready',
      url: `${system.baseUrl}/api/v1/audit/exports/${body.id}/bundle`,
      progress: null,
      error: null,
      entries: expect.any(Number),
      tree_size: expect.any(Number),
    });
    expect(Date.parse(ready.expires_at) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
  });

  test('holds every entry of its time, and is the file that it says it is', async () => {
    const expected = (await audit.entries({ to: made.to })).length;
    expect(made.entries).toBe(expected);
    expect({ bytes: bundle.length, sha256: createHash('sha256').update(bundle).digest('hex') }).toEqual({
      bytes: made.bytes,
      sha256: made.sha256,
    });
    const response = await fetch(made.url ?? '', { headers: { authorization: `Bearer ${system.ownerKey}` } });
    expect(
      Object.fromEntries(
        ['content-type', 'content-length', 'content-disposition'].map((name) => [name, response.headers.get(name)]),
      ),
    ).toEqual({
      'content-type': 'application/octet-stream',
      'content-length': String(made.bytes),
      'content-disposition': expect.stringMatching(
        /^attachment; filename="countersign-audit-2020-01-01-[-0-9a-f]+\.jsonl"$/,
      ),
    });
    await response.arrayBuffer();
  });

  test('of a part of the time holds that part, and proves it for the whole log', async () => {
    const all = (await audit.sealed()).toReversed();
    const [from, to] = [all[2]!.at, all[5]!.at];
    const part = await audit.exported({ from, to });
    expect(part.entries).toBe(all.filter(({ at }) => at >= from && at < to).length);
    expect(await verify(await audit.bundle(part))).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining(`VALID: ${part.entries} `),
    });
    expect(part.tree_size).toBeGreaterThanOrEqual(all.length);
  });

  test('of a time in which nothing happened is a bundle without entries, which verifies', async () => {
    const empty = await audit.exported({ from: '2021-01-01T00:00:00Z', to: '2021-02-01T00:00:00Z' });
    expect(empty).toMatchObject({ state: 'ready', entries: 0 });
    expect(await verify(await audit.bundle(empty))).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('VALID: 0 entries'),
    });
  });

  test.each<[string, object, string]>([
    ['a time that ends before it begins', { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'to'],
    ['a time that ends as it begins', { from: '2026-02-01T00:00:00Z', to: '2026-02-01T01:00:00+01:00' }, 'to'],
    ['a time in the future', { from: '2040-01-01T00:00:00Z', to: '2041-01-01T00:00:00Z' }, 'from'],
    ['a time that is none', { from: 'last month', to: '2026-01-01T00:00:00Z' }, 'from'],
    ['half a time', { from: '2026-01-01T00:00:00Z' }, 'to'],
  ])('of %s is refused', async (_what, body, path) => {
    expect(await audit.call('POST', '/exports', body)).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ path }] },
    });
  });

  test('that is asked for again with the same key is the same one', async () => {
    const ask = () =>
      audit.call(
        'POST',
        '/exports',
        { from: '2020-01-01T00:00:00Z', to: made.to },
        { 'idempotency-key': 'for-the-auditors' },
      );
    const [first, second] = [await ask(), await ask()];
    expect(second.body).toEqual(first.body);
    expect((await audit.finished(first.body.id)).state).toBe('ready');
    expect((await audit.entries({ action: 'audit.export_requested', resource: first.body.id })).length).toBe(1);
  });

  test('is on record: that it was asked for, made, and downloaded', async () => {
    await audit.bundle(made);
    const entries = await audit.entries({ resource: made.id });
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
      entries: made.entries,
      sha256: made.sha256,
    });
  });

  test('is listed, newest first', async () => {
    const { items } = await audit.need('GET', '/exports?limit=2');
    expect(items).toHaveLength(2);
    const rest = await audit.need('GET', '/exports');
    expect(rest.items.map(({ id }: Export) => id)).toContain(made.id);
    expect(rest.items.map(({ id }: Export) => id)).toEqual(
      rest.items
        .map(({ id }: Export) => id)
        .toSorted()
        .toReversed(),
    );
  });

  test('is for those who may read everything: neither for auditors of a team nor for another organization', async () => {
    const ofTeam = new AuditApi(system, await system.person('research', 'tea', ['auditor']));
    for (const [method, path] of [
      ['GET', '/exports'],
      ['GET', `/exports/${made.id}`],
      ['GET', `/exports/${made.id}/bundle`],
      ['POST', '/exports'],
    ] as const) {
      const body = method === 'POST' ? { from: '2020-01-01T00:00:00Z', to: made.to } : undefined;
      expect({ path, status: (await ofTeam.call(method, path, body)).status }).toEqual({ path, status: 403 });
    }
    expect((await audit.entries({ action: 'access.denied', actor: 'tea' })).length).toBe(4);
    const other = new AuditApi(
      system,
      (await system.need('POST', '/api/v1/organizations', { name: 'Other' })).owner_key,
    );
    for (const path of [`/exports/${made.id}`, `/exports/${made.id}/bundle`])
      expect(await other.call('GET', path)).toMatchObject({ status: 404, body: { type: '/problems/not-found' } });
    expect((await other.need('GET', '/exports')).items).toEqual([]);
  });

  test('that is not ready, or was never asked for, has no bundle', async () => {
    await system.stopWorker();
    const { id } = await audit.need('POST', '/exports', { from: '2020-01-01T00:00:00Z', to: made.to });
    expect(await audit.call('GET', `/exports/${id}/bundle`)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('still being prepared') },
    });
    await system.startWorker();
    expect((await audit.finished(id)).state).toBe('ready');
    for (const path of [
      '/exports/0a000000-0000-7000-8000-00000000000a',
      '/exports/0a000000-0000-7000-8000-00000000000a/bundle',
    ])
      expect((await audit.call('GET', path)).status).toBe(404);
    expect((await audit.call('GET', '/exports/none')).status).toBe(400);
  });

  test('is gone, file and all, once it has expired', async () => {
    const old = await audit.exported({ to: made.to });
    await asAdmin(
      `update countersign.audit_exports set expires_at = now() - interval '1 second' where id = '${old.id}'`,
    );
    expect((await audit.call('GET', `/exports/${old.id}`)).status).toBe(404);
    expect((await audit.call('GET', `/exports/${old.id}/bundle`)).status).toBe(404);
    await asAdmin('select countersign.forget_expired()');
    const left = await asAdmin(
      `select (select count(*)::int from countersign.audit_exports where id = '${old.id}') as exports, (select count(*)::int from countersign.audit_export_chunks where export_id = '${old.id}') as chunks`,
    );
    expect(left).toEqual([{ exports: 0, chunks: 0 }]);
    expect((await audit.need('GET', `/exports/${made.id}`)).state).toBe('ready');
  });

  test('is kept sealed: nothing of what it says is to be found in the database', async () => {
    const [row] = await asAdmin(
      `select string_agg(data, ''::bytea order by position) as data from countersign.audit_export_chunks where export_id = '${made.id}'`,
    );
    const kept = row!['data'] as Buffer;
    expect(kept.length).toBeGreaterThan(1_000);
    expect(kept.subarray(0, 1).toString('hex')).toBe('01');
    for (const said of ['research', '127.0.0.1', 'member.added', '(\xb5/\xfd'])
      expect(kept.includes(Buffer.from(said, 'latin1'))).toBe(false);
  });

  test('is not handed out any more once somebody was erased whom it may tell about, and is forgotten', async () => {
    const before = await audit.exported({ to: made.to });
    await asAdmin(
      `update keyring.subject_keys set destroyed_at = now(), wrapped = null where id = (select target_id from countersign.directory where kind = 'address' order by target_id limit 1)`,
    );
    expect(await audit.need('GET', `/exports/${before.id}`)).toMatchObject({
      state: 'failed',
      url: null,
      error: expect.stringContaining('was erased'),
    });
    expect(await audit.call('GET', `/exports/${before.id}/bundle`)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('Ask for a new one') },
    });
    const after = await audit.exported({ to: made.to });
    expect(after.state).toBe('ready');
    expect(await verify(await audit.bundle(after))).toMatchObject({ exitCode: 0 });
    await asAdmin('select countersign.forget_expired()');
    expect(await audit.call('GET', `/exports/${before.id}`)).toMatchObject({ status: 404 });
    expect((await audit.need('GET', `/exports/${after.id}`)).state).toBe('ready');
    made = after;
    bundle = await audit.bundle(after);
  });

  test('fails, and says so, where an entry was removed past everything', async () => {
    const victim = await audit.sealed();
    const { id, at } = victim[victim.length - 1]!;
    const [row] = await asAdmin(
      `select to_jsonb(e) as entry, sealed from countersign.audit_entries e where id = '${id}'`,
    );
    await asAdmin(`set session_replication_role = replica; delete from countersign.audit_entries where id = '${id}'`);
    const failed = await audit.exported();
    expect(failed).toMatchObject({ state: 'failed', url: null, error: expect.stringContaining('entry-missing') });
    expect((await audit.entries({ resource: failed.id }))[0]).toMatchObject({
      action: 'audit.export_failed',
      detail: { problem: 'entry-missing' },
    });
    expect((await audit.call('GET', `/exports/${failed.id}/bundle`)).status).toBe(404);
    const { leaf, organization_id: organization } = row!['entry'] as Record<string, string>;
    await asAdmin(
      'insert into countersign.audit_entries (id, organization_id, at, leaf, sealed) values ($1, $2, $3, $4, $5)',
      [id, organization, at, leaf, row!['sealed']],
    );
    expect((await audit.exported()).state).toBe('ready');
  });
});

describe('countersign audit export', () => {
  const run = (...args: string[]) => {
    const { surroundings, config } = system.core;
    return runCli(args, {
      DATABASE_URL: surroundings.databaseUrl,
      DATABASE_MIGRATION_URL: system.databaseAdminUrl,
      COUNTERSIGN_SECRET_KEY: surroundings.secret,
      TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
    });
  };

  test('writes a bundle straight from the database, and the log tells of it', async () => {
    const out = join(folder, 'exported.jsonl');
    const { exitCode, output } = await run('audit', 'export', '--from', '2020-01-01', '--to', made.to, '--out', out);
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`Wrote ${made.entries} entries`),
    });
    expect(await runCli(['audit', 'verify', out, '--key', key], {})).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining(`VALID: ${made.entries} entries`),
    });
    expect((await audit.entries({ action: 'audit.exported' }))[0]).toMatchObject({
      actor: { type: 'operator', id: null },
      detail: { from: '2020-01-01T00:00:00.000Z', to: made.to },
    });
  });

  test.each([
    [['--from', 'then', '--to', '2026-01-01'], '--from is a day or moment'],
    [['--from', '2026-02-01', '--to', '2026-01-01'], 'must be earlier'],
    [['--from', '2040-01-01', '--to', '2041-01-01'], 'than now'],
    [['--from', '2026-01-01', '--to', '2026-02-01', '--organization', 'acme'], 'no id of an organization'],
    [
      ['--from', '2026-01-01', '--to', '2026-02-01', '--organization', '0a000000-0000-7000-8000-00000000000a'],
      'has no audit log',
    ],
  ])('refuses %j, and leaves no file behind', async (args, message) => {
    expect(await run('audit', 'export', ...args, '--out', join(folder, 'refused.jsonl'))).toMatchObject({
      exitCode: 2,
      output: '',
      errors: expect.stringContaining(message),
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  test('of the API goes on after its workflow was lost, with `workflows resume`', async () => {
    await system.stopWorker();
    const { id } = await audit.need('POST', '/exports', { from: '2020-01-01T00:00:00Z', to: made.to });
    await asAdmin(`delete from countersign.outbox where reference ->> 'export' = '${id}'`);
    await system.startWorker();
    expect(await run('workflows', 'resume')).toMatchObject({ exitCode: 0, output: expect.stringContaining('exports') });
    expect((await audit.finished(id)).state).toBe('ready');
  });
});

describe('countersign audit verify', () => {
  test('finds the bundle valid, and says how many entries it holds', async () => {
    const { exitCode, output, errors } = await verify(bundle);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    expect(output).toContain(`VALID: ${made.entries} entries, 0 to ${(made.entries ?? 0) - 1}`);
    expect(output).toContain(`the checkpoint of ${made.tree_size} entries`);
  });

  test('takes the key from a file, the bundle from standard input, and answers in JSON', async () => {
    const keyFile = await file('log.pub', `${key}\n`);
    const { exitCode, output } = await runCli(
      ['audit', 'verify', '-', '--key', keyFile, '--json'],
      {},
      bundle.toString(),
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ verdict: 'valid', entries: made.entries, start: 0, erased: 0 });
  });

  test('names the first entry that was changed', async () => {
    const { lines, at } = lineOf(3);
    lines[at] = lines[at]!.replace('"outcome', '"outcomE').replace('outcome\\":\\"success', 'outcome\\":\\"denied');
    const { exitCode, output } = await verify(lines.join('\n'));
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(/^TAMPERED at entry 3: /) });
  });

  test('names the entry that any single byte was changed of', async () => {
    const { lines, at } = lineOf(2);
    const start = Buffer.byteLength(lines.slice(0, at).join('\n')) + 1;
    const changed = Buffer.from(bundle);
    const place = start + Math.floor(Buffer.byteLength(lines[at]!) / 2);
    changed[place] = changed[place]! ^ 1;
    expect(await verify(changed)).toMatchObject({ exitCode: 1, output: expect.stringContaining('entry 2') });
  });

  test('names the entry that was taken out, and sees where the file was cut', async () => {
    const { lines, at } = lineOf(4);
    expect(await verify(lines.toSpliced(at, 1).join('\n'))).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('entry 4'),
    });
    expect(await verify(bundle.subarray(0, bundle.length / 2))).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/^TRUNCATED/),
    });
  });

  test('does not take a bundle that another key has signed', async () => {
    const other = new AuditApi(
      system,
      (await system.need('POST', '/api/v1/organizations', { name: 'Somebody else' })).owner_key,
    );
    await other.sealed();
    expect(await verify(bundle, [], await other.publicKey())).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('another key'),
    });
  });

  test('compares with a checkpoint that was kept outside', async () => {
    const size = openCheckpoint(await audit.checkpoint(), parseVerifierKey(key)).size;
    const { exitCode, output } = await verify(await audit.bundle(await audit.exported()), [
      '--seen',
      await file('seen', await audit.checkpoint(`?tree_size=${size}`)),
    ]);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('is of the same history') });
    expect(await verify(bundle, ['--seen', await file('later', await audit.checkpoint())])).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('could not be compared'),
    });
  });

  test.each<[string, () => Promise<string[]>, string]>([
    ['what is no bundle', async () => [await file('letter.txt', 'Dear auditor,\n'), '--key', key], 'none of a bundle'],
    ['an empty file', async () => [await file('empty', ''), '--key', key], 'none of a bundle'],
    ['a file that is missing', async () => [join(folder, 'missing'), '--key', key], 'there is no such file'],
    ['a folder', async () => [folder, '--key', key], 'it is a folder'],
    ['no key', async () => [await file('a', bundle)], 'required option'],
    ['a key that is none', async () => [await file('a', bundle), '--key', 'log+12345678+AAAA'], 'no public key'],
    [
      'a key of which a letter was changed',
      async () => [await file('a', bundle), '--key', key.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
      'no public key',
    ],
    [
      'the key of a witness',
      async () => [
        await file('a', bundle),
        '--key',
        'witness.test+16e1df27+BOnMqbyljNbpx/ZF8+1tYFWpwMwUuxYDyJsVZUhPJFzP',
      ],
      'no public key',
    ],
    [
      'a key’s file that is missing',
      async () => [await file('a', bundle), '--key', join(folder, 'missing.pub')],
      'there is no such file',
    ],
    [
      'a checkpoint that is none',
      async () => [await file('a', bundle), '--key', key, '--seen', await file('b', 'none')],
      'no checkpoint signed with this key',
    ],
    [
      'an option that there is none of',
      async () => [await file('a', bundle), '--key', key, '--sean', 'x'],
      'unknown option',
    ],
  ])('says of %s that nothing can be said, with the status 2', async (_what, args, message) => {
    const { exitCode, output, errors } = await runCli(['audit', 'verify', ...(await args())], {});
    expect({ exitCode, output, errors }).toEqual({ exitCode: 2, output: '', errors: expect.stringContaining(message) });
  });

  test('needs a fraction of a second', async () => {
    const path = await file('quick.jsonl', bundle);
    const started = performance.now();
    await runCli(['audit', 'verify', path, '--key', key], {});
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

async function asAdmin(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: system.databaseAdminUrl });
  await client.connect();
  try {
    const result = await client.query(sql, values);
    return Array.isArray(result) ? [] : result.rows;
  } finally {
    await client.end();
  }
}
