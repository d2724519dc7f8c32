import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { verifyInclusion } from '../../../src/audit/merkle.ts';
import { leafTextHash } from '../../../src/audit/leaf.ts';
import { openCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { parseVerifierKey } from '../../../src/audit/notes/keys.ts';
import { verifyBundle } from '../../../src/audit/verifier.ts';
import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { newId } from '../../../src/platform/ids.ts';
import { runCli } from '../../cli/support/run-cli.ts';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { partitionOf } from './archive-world.ts';

const MONTH = { name: '2001-03', start: '2001-03-01T00:00:00.000Z', end: '2001-04-01T00:00:00.000Z' };
const LATER = { name: '2001-04', start: '2001-04-01T00:00:00.000Z', end: '2001-05-01T00:00:00.000Z' };

let folder: string;
let system: TestSystem;
let admin: Client;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-archive-'));
  system = await startTestSystem({ worker: false, environment: { AUDIT_ARCHIVE_DIR: folder } });
  admin = new Client({ connectionString: system.databaseAdminUrl });
  await admin.connect();
  environment = {
    DATABASE_URL: system.core.surroundings.databaseUrl,
    COUNTERSIGN_SECRET_KEY: system.core.surroundings.secret,
    AUDIT_ARCHIVE_DIR: folder,
  };
  await write(MONTH, 20);
  await system.startWorker();
});

afterAll(async () => {
  await admin?.end();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Entries of a month of long ago, in the partition that it would have. */
async function write({ name, start, end }: typeof MONTH, count: number): Promise<void> {
  await admin.query('set role countersign_owner');
  await admin.query('select countersign.make_audit_partition($1, $2)', [
    partitionOf(name),
    `for values from ('${start}') to ('${end}')`,
  ]);
  await admin.query('reset role');
  const origin = { organization: DEFAULT_ORGANIZATION, actor: { type: 'system' as const, id: null }, requestId: null };
  await system.core.work.write(
    origin,
    async (tx) => {
      for (let n = 0; n < count; n += 1) tx.record({ action: 'team.made', resource: { type: 'team', id: newId() } });
    },
    new Date(start),
  );
}

async function isGone(month: string): Promise<boolean> {
  return (await admin.query('select to_regclass($1) is null as gone', [`countersign.${partitionOf(month)}`])).rows[0]
    .gone;
}

describe('an installation with a folder for archives', () => {
  test('archives by itself, and goes on finding and proving what is archived', async () => {
    await system.until(() => isGone(MONTH.name), 'the month has left the database', 40_000);
    const { items } = await system.need('GET', `/api/v1/audit/entries?from=${MONTH.start}&to=${MONTH.end}`);
    expect(items).toHaveLength(20);
    const key = parseVerifierKey((await system.need('GET', '/api/v1/audit/public-key')).trim());
    for (const { seq } of items.slice(0, 3)) {
      const proof = await system.need('GET', `/api/v1/audit/entries/${seq}/proof`);
      const leaf = Buffer.from(proof.leaf, 'base64').toString();
      const hashes = proof.hashes.map((hash: string) => Buffer.from(hash, 'base64'));
      verifyInclusion(seq, proof.tree_size, leafTextHash(leaf), hashes, openCheckpoint(proof.checkpoint, key).root);
      expect(JSON.parse(leaf)).toMatchObject({ action: 'team.made', at: MONTH.start });
    }
    const [archived] = (await system.need('GET', '/api/v1/audit/entries?action=audit.archived')).items;
    expect(archived).toMatchObject({ actor: { type: 'workflow' }, detail: { month: MONTH.name, entries: 20 } });
  });

  test('bundles what is archived with what is not', async () => {
    const { id } = await system.need('POST', '/api/v1/audit/exports', {
      from: MONTH.start,
      to: new Date().toISOString(),
    });
    const { url } = await system.until(async () => {
      const made = await system.need('GET', `/api/v1/audit/exports/${id}`);
      return made.state === 'ready' && made;
    }, 'the bundle');
    const bundle = await (
      await fetch(new URL(url, system.baseUrl), { headers: { authorization: `Bearer ${system.ownerKey}` } })
    ).bytes();
    const key = await system.need('GET', '/api/v1/audit/public-key');
    expect(await verifyBundle(Readable.from([Buffer.from(bundle)]), { key })).toMatchObject({
      verdict: 'valid',
      start: 0,
    });
  });
});

describe('countersign audit archive', () => {
  const run = (...args: string[]) => runCli(['audit', 'archive', ...args], environment);

  test('says what it would do, then does it, month by month', async () => {
    await write(LATER, 7);
    await system.until(
      async () => (await admin.query('select from countersign.audit_pending')).rowCount === 0,
      'everything is sealed',
    );
    const foretold = await run('--before', '2002-01', '--dry-run');
    expect(foretold).toMatchObject({
      exitCode: 0,
      output: '2001-04  would be archived (1 organization, kept until 2008-05-01)\n',
    });
    expect(await isGone(LATER.name)).toBe(false);
    const done = await run('--before', '2002-01');
    expect(done).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/2001-04 {2}[0-9a-f-]{36} {2}verified\n(.*\n)*Archived 2001-04\.\n$/),
    });
    expect(await isGone(LATER.name)).toBe(true);
    expect(await run('--before', '2002-01')).toMatchObject({
      exitCode: 0,
      output: 'No month before 2002-01 may leave the database; --dry-run says why.\n',
    });
    const [archived] = (await system.need('GET', '/api/v1/audit/entries?action=audit.archived')).items;
    expect(archived).toMatchObject({ actor: { type: 'operator' }, detail: { month: LATER.name, entries: 7 } });
  });

  test('leaves months alone whose retention is not over, and says until when', async () => {
    const recent = new Date();
    const name = recent.toISOString().slice(0, 7);
    const { output } = await run('--before', `${recent.getUTCFullYear() + 2}-01`, '--dry-run');
    expect(output).not.toContain(name);
  });

  test('refuses what is no month, and to archive into nowhere', async () => {
    expect(await run('--before', '2002')).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('takes a month such as 2026-01'),
    });
    const { AUDIT_ARCHIVE_DIR: _none, ...without } = environment;
    expect(await runCli(['audit', 'archive', '--before', '2002-01'], without)).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('AUDIT_ARCHIVE_DIR is not set'),
    });
  });
});

describe('an archive that cannot be reached', () => {
  test('is what is said to be away, and not the database', async () => {
    await rename(folder, `${folder}-away`);
    try {
      const ofMonth = `from=${MONTH.start}&to=${MONTH.end}`;
      expect(await system.api('GET', `/api/v1/audit/entries?${ofMonth}`)).toMatchObject({
        status: 503,
        body: { detail: expect.stringContaining('This part of the audit log is archived') },
      });
      expect(await runCli(['audit', 'check'], environment)).toMatchObject({
        exitCode: 2,
        errors: expect.stringContaining('The check could not be finished. This part of the audit log is archived'),
      });
    } finally {
      await rename(`${folder}-away`, folder);
    }
  });
});

describe('countersign audit check', () => {
  test('finds a log of which a part is archived as it was written', async () => {
    expect(await runCli(['audit', 'check'], environment)).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Everything is as it was written.'),
    });
  });
});
