import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cosignatureTime, cosignCheckpoint, openCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, parseVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { formatSignature } from '../../../src/audit/notes/signed-note.ts';
import { type CliResult, runCli } from '../../cli/support/run-cli.ts';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { AuditApi } from './support/audit-api.ts';

let system: TestSystem;
let audit: AuditApi;
let folder: string;
let publicKey: string;
let apiKeyFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-witness-'));
  system = await startTestSystem();
  audit = new AuditApi(system);
  publicKey = (
    await runCli(['audit', 'witness-key', '--name', 'witness.test', '--out', join(folder, 'witness.key')], {})
  ).output.trim();
  apiKeyFile = join(folder, 'api.key');
  await writeFile(
    apiKeyFile,
    `${(await system.need('POST', '/api/v1/api-keys', { service_name: 'witness', scopes: ['audit:read'] })).key}\n`,
  );
});

afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

function look(state = 'state.json', more: readonly string[] = []): Promise<CliResult> {
  return runCli(
    [
      'audit',
      'witness',
      '--url',
      system.baseUrl,
      '--api-key-file',
      apiKeyFile,
      '--key-file',
      join(folder, 'witness.key'),
      '--state',
      join(folder, state),
      '--once',
      ...more,
    ],
    {},
  );
}

describe('countersign audit witness-key', () => {
  test('makes a key, shows its public half, and keeps the other one to itself', async () => {
    expect(parseVerifierKey(publicKey)).toMatchObject({ name: 'witness.test', type: 'witness' });
    expect((await stat(join(folder, 'witness.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'witness.key'), 'utf8')).toMatch(
      /^PRIVATE\+KEY\+witness\.test\+[0-9a-f]{8}\+\S{44}\n$/,
    );
  });

  test('overwrites none, and takes no name that is none', async () => {
    expect(
      await runCli(['audit', 'witness-key', '--name', 'witness.test', '--out', join(folder, 'witness.key')], {}),
    ).toMatchObject({ exitCode: 2, output: '', errors: expect.stringContaining('is there already') });
    expect(await runCli(['audit', 'witness-key', '--name', 'a b', '--out', join(folder, 'b')], {})).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('without spaces'),
    });
  });
});

describe('a witness', () => {
  test('that nobody registered is refused, and cosigns nothing', async () => {
    await audit.sealed();
    expect(await look('unregistered.json')).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('is registered'),
    });
    expect((await audit.call('GET', '/checkpoint?cosigned=true')).status).toBe(404);
  });

  test('is registered by admins of the whole organization, under its public key', async () => {
    const { status, body } = await audit.call('PUT', '/witnesses/auditor', { key: publicKey });
    expect({ status, body }).toEqual({
      status: 201,
      body: { name: 'auditor', key: publicKey, registered_at: expect.any(String) },
    });
    expect(await audit.call('PUT', '/witnesses/auditor', { key: publicKey })).toMatchObject({ status: 200, body });
    expect((await audit.need('GET', '/witnesses')).items).toEqual([body]);
    const entries = await audit.entries({ action: 'witness.registered' });
    expect(entries).toMatchObject([
      { resource: { type: 'witness' }, detail: { key_id: parseVerifierKey(publicKey).id, replaced: false } },
    ]);

    await system.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
    for (const role of ['admin', 'auditor']) {
      const { status: refused } = await new AuditApi(
        system,
        await system.person('research', `some-${role}`, [role]),
      ).call('PUT', '/witnesses/mine', { key: publicKey });
      expect({ role, refused }).toEqual({ role, refused: 403 });
    }
  });

  test.each<[string, string]>([
    ['no key at all', 'witness'],
    ['a log’s key', formatVerifierKey(signingKey('log.test', randomBytes(32)))],
    ['a key of which a letter was changed', 'witness.test+00000000+BOnMqbyljNbpx/ZF8+1tYFWpwMwUuxYDyJsVZUhPJFzP'],
  ])('is not registered under %s', async (_what, key) => {
    expect(await audit.call('PUT', '/witnesses/other', { key })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'key' }] },
    });
  });

  test('cosigns what it sees, and again as soon as the log has grown', async () => {
    expect(await look()).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/^Cosigned the checkpoint of \d+ entries\.\n$/),
    });
    const first = await audit.checkpoint('?cosigned=true');
    expect(Date.now() - cosignatureTime(first, parseVerifierKey(publicKey)).getTime()).toBeLessThan(60_000);
    await system.need('POST', '/api/v1/teams', { name: 'One more' });
    await audit.sealed();
    expect((await look()).output).toMatch(/^Cosigned/);
    const second = await audit.checkpoint('?cosigned=true');
    const log = parseVerifierKey(await audit.publicKey());
    expect(openCheckpoint(second, log).size).toBeGreaterThan(openCheckpoint(first, log).size);
    expect(cosignatureTime(second, parseVerifierKey(publicKey))).toBeInstanceOf(Date);
  });

  test('has nothing to do where nothing is new, and its own signature is nothing new', async () => {
    await audit.sealed();
    await look();
    await audit.sealed();
    expect(await look()).toMatchObject({ exitCode: 0, output: expect.stringMatching(/^Nothing new/) });
  });

  test('is worth something to auditors: bundles lead to what it has signed, and its state is a checkpoint kept outside', async () => {
    const past = (await audit.sealed())[1]!.at;
    await look();
    const bundle = join(folder, 'bundle.jsonl');
    const made = await audit.exported({ to: past });
    await writeFile(bundle, await audit.bundle(made));
    const verify = (...more: string[]) =>
      audit.publicKey().then((key) => runCli(['audit', 'verify', bundle, '--key', key, ...more], {}));
    expect(await verify('--witness', publicKey, '--seen', join(folder, 'state.json'))).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/is of the same history[^]*The witness cosigned that checkpoint on 20/),
    });
    expect(
      await verify('--witness', formatVerifierKey(signingKey('other.test', randomBytes(32), 'witness'))),
    ).toMatchObject({ exitCode: 1, output: expect.stringContaining('NOT COSIGNED') });
    expect(await verify('--witness', await audit.publicKey())).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('the key of a log, not of a witness'),
    });
  });

  test('does not follow a log whose key is another than the one it was given, or began with', async () => {
    const other = formatVerifierKey(signingKey('countersign/other', randomBytes(32)));
    expect(await look('given.json', ['--log-key', other])).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('its key did not sign'),
    });
    expect(await look('state.json', ['--log-key', other])).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('not the one that this witness began with'),
    });
    expect(await look('given.json', ['--log-key', await audit.publicKey()])).toMatchObject({ exitCode: 0 });
    for (const evidence of (await readdir(folder)).filter((name) => name.includes('evidence')))
      await rm(join(folder, evidence));
  });

  test('that was taken out is refused, and what it has signed stays', async () => {
    const before = await audit.checkpoint('?cosigned=true');
    expect((await audit.call('DELETE', '/witnesses/auditor')).status).toBe(204);
    expect((await audit.call('DELETE', '/witnesses/auditor')).status).toBe(404);
    await system.need('POST', '/api/v1/teams', { name: 'Yet another' });
    await audit.sealed();
    expect(await look()).toMatchObject({ exitCode: 2 });
    expect(await audit.checkpoint('?cosigned=true')).toBe(before);
    await audit.need('PUT', '/witnesses/auditor', { key: publicKey });
    expect(await look()).toMatchObject({ exitCode: 0 });
    expect(await audit.checkpoint('?cosigned=true')).not.toBe(before);
  });
});

describe('a cosignature', () => {
  const witness = signingKey('second.test', randomBytes(32), 'witness');
  let note: string;
  let size: number;
  const lineFor = (text: string, key = witness) => formatSignature(cosignCheckpoint(text, key, new Date())).trimEnd();

  beforeEach(async () => {
    await audit.need('PUT', '/witnesses/second', { key: formatVerifierKey(witness) });
    await audit.sealed();
    note = await audit.checkpoint();
    ({ size } = openCheckpoint(note, parseVerifierKey(await audit.publicKey())));
  });

  test('is kept once, below its checkpoint', async () => {
    const cosignature = lineFor(note);
    const { status, body } = await audit.call('POST', '/cosignatures', { tree_size: size, cosignature });
    expect({ status, body }).toEqual({
      status: 201,
      body: { tree_size: size, witness: 'second', cosigned_at: expect.any(String), received_at: expect.any(String) },
    });
    expect(await audit.call('POST', '/cosignatures', { tree_size: size, cosignature })).toMatchObject({
      status: 200,
      body,
    });
    expect(
      await audit.call('POST', '/cosignatures', {
        tree_size: size,
        cosignature: formatSignature(cosignCheckpoint(note, witness, new Date(0))).trimEnd(),
      }),
    ).toMatchObject({ status: 200, body });
    const served = await audit.checkpoint(`?tree_size=${size}`);
    expect(served).toContain(`${cosignature}\n`);
    expect(cosignatureTime(served, witness).toISOString()).toBe(body.cosigned_at);
    expect((await audit.proof(0, `?tree_size=${size}`)).checkpoint).toBe(served);
  });

  test('of a witness that is not registered is refused, and that is on record', async () => {
    const stranger = signingKey('stranger.test', randomBytes(32), 'witness');
    expect(
      await audit.call('POST', '/cosignatures', { tree_size: size, cosignature: lineFor(note, stranger) }),
    ).toMatchObject({ status: 403, body: { type: '/problems/forbidden' } });
    expect((await audit.entries({ action: 'access.denied', limit: '1' }))[0]).toMatchObject({
      resource: { id: 'POST /api/v1/audit/cosignatures' },
    });
  });

  test('under a checkpoint that is not ours is refused', async () => {
    const fork = note.replace(/^(.*\n.*\n)(.*)\n/, `$1${randomBytes(32).toString('base64')}\n`);
    expect(await audit.call('POST', '/cosignatures', { tree_size: size, cosignature: lineFor(fork) })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'cosignature' }] },
    });
    expect(await audit.call('POST', '/cosignatures', { tree_size: 999_999, cosignature: lineFor(note) })).toMatchObject(
      { status: 404 },
    );
  });

  test.each<[string, (text: string) => object, string]>([
    ['nothing', () => ({ tree_size: 1 }), 'cosignature'],
    ['no signature', () => ({ tree_size: 1, cosignature: 'yes, I agree' }), 'cosignature'],
    ['a size that is none', (text) => ({ tree_size: 0, cosignature: lineFor(text) }), 'tree_size'],
    ['a signature without a time', () => ({ tree_size: 1, cosignature: '— second.test AAAAAAAA' }), 'cosignature'],
  ])('that is %s is refused', async (_what, body, path) => {
    expect(await audit.call('POST', '/cosignatures', body(note))).toMatchObject({
      status: 400,
      body: { errors: [{ path }] },
    });
  });

  test('and a witness are another organization’s own', async () => {
    const other = new AuditApi(
      system,
      (await system.need('POST', '/api/v1/organizations', { name: 'Other' })).owner_key,
    );
    await other.sealed();
    expect((await other.need('GET', '/witnesses')).items).toEqual([]);
    expect((await other.call('DELETE', '/witnesses/second')).status).toBe(404);
    const theirs = await other.checkpoint();
    expect(
      await other.call('POST', '/cosignatures', {
        tree_size: openCheckpoint(theirs, parseVerifierKey(await other.publicKey())).size,
        cosignature: lineFor(theirs),
      }),
    ).toMatchObject({ status: 403 });
  });
});
