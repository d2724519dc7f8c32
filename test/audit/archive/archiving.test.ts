import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { verifyInclusion } from '../../../src/audit/merkle.ts';
import { leafTextHash } from '../../../src/audit/leaf.ts';
import { openCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { parseVerifierKey } from '../../../src/audit/notes/keys.ts';
import { AuditProofs } from '../../../src/audit/proofs.ts';
import { archiveAt } from '../../../src/audit/archive/archived-entries.ts';
import { LogCheck } from '../../../src/audit/checking/log-check.ts';
import type { Finding } from '../../../src/audit/checking/finding.ts';
import { LogKeys } from '../../../src/audit/exports/log-keys.ts';
import { SigningKeys } from '../../../src/audit/sealing/signing-keys.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import type { ArchivingStep } from '../../../src/audit/archive/archiving.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { sourceOf } from '../../../src/audit/entry-source.ts';
import { verifyBundle } from '../../../src/audit/verifier.ts';
import { ArchiveWorld, FEBRUARY, JANUARY } from './archive-world.ts';

/** RFC 8878, 3.1.1 */
const FRAME = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);

let world: ArchiveWorld;

beforeEach(async () => {
  world = await ArchiveWorld.open();
});

afterEach(() => world?.close());

/** Asks until there is such a row. */
async function seen(sql: string): Promise<void> {
  while ((await world.log.admin.query(sql)).rowCount === 0);
}

describe('a month whose retention is over', () => {
  test('leaves the database for files that are verified and recorded; its entries are still found and proven', async () => {
    const staff = await world.organization({ january: 300, february: 20 });
    const before = await world.read(staff);
    expect((await world.run())?.map(({ name }) => name)).toEqual(['2016-01', '2016-02']);
    expect(await world.partitionExists('2016-01')).toBe(false);
    await world.log.sealAll();
    const after = await world.read(staff);
    expect(after.slice(0, before.length)).toEqual(before);
    const proofs = new AuditProofs(world.log.database);
    const key = parseVerifierKey(await world.log.verifierKey(staff.organization));
    for (const seq of [0, 3, 255, 256, 300, before.length - 1]) {
      const { hashes, treeSize, checkpoint } = await proofs.inclusion(staff.organization, { seq });
      verifyInclusion(seq, treeSize, leafTextHash(after[seq]!.leaf), hashes, openCheckpoint(checkpoint.note, key).root);
    }
    const recorded = (await staff.log()).filter(({ action }) => action === 'audit.archived');
    expect(recorded).toMatchObject([
      { detail: { month: '2016-01', entries: 300, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      { detail: { month: '2016-02', entries: 20 } },
    ]);
    expect(await world.archived(staff)).toMatchObject([
      { month: '2016-01', entries: 300 },
      { month: '2016-02', entries: 20 },
    ]);
    expect(world.log.logged).toEqual([]);
  });

  test('leaves it although somebody reads entries for long, and nobody else waits for that', async () => {
    const staff = await world.organization({ january: 20 });
    const sealer = await world.log.sealerDatabase.orm.driver.getConnection().getNativeClient();
    const reader = await sealer.connect();
    const dropping = Promise.withResolvers<void>();
    const archived = world.run({
      before: FEBRUARY,
      onStep: async ({ step }) => {
        if (step !== 'dropping') return;
        await reader.query('begin');
        await reader.query('select count(*) from countersign.audit_entries');
        dropping.resolve();
      },
    });
    await dropping.promise;
    await seen(
      `select from pg_locks where relation = 'countersign.audit_entries'::regclass and mode = 'AccessExclusiveLock' and not granted`,
    );
    const begun = performance.now();
    await staff.act('jane');
    const waitedMs = performance.now() - begun;
    await reader.query('commit');
    reader.release();
    expect((await archived)?.map(({ name }) => name)).toEqual(['2016-01']);
    expect(waitedMs).toBeLessThan(2_000);
  });

  test('is a file of Zstandard frames, one after the other, which are a bundle that verifies by itself', async () => {
    const staff = await world.organization({ january: 600 });
    await world.run();
    const name = (await world.filesOf(staff)).find((file) => file.includes('.bundle.'))!;
    const frames = framesIn(await readFile(join(world.folder, staff.organization, name)));
    expect(frames.length).toBeGreaterThan(3);
    const key = await world.log.verifierKey(staff.organization);
    const [{ first, end } = { first: 0, end: 0 }] = await world.archived(staff);
    expect(await verifyBundle(Readable.from(frames), { key })).toMatchObject({
      verdict: 'valid',
      start: first,
      entries: end - first,
      from: JANUARY.start.toISOString(),
      to: JANUARY.end.toISOString(),
    });
    expect(Buffer.concat(frames).toString()).not.toContain('203.0.113.9');
  });

  test('keeps personal fields readable as long as their person’s key is there, and no longer', async () => {
    const staff = await world.organization({ january: 10 });
    await world.run();
    const entries = (await world.read(staff)).filter(({ at }) => at < JANUARY.end);
    const addresses = async () => {
      const keys = await new Vault(world.log.master).unlock(
        world.log.database.fork(staff.organization),
        staff.organization,
        [staff.id('jane')],
      );
      return entries.map((entry) => sourceOf(entry, keys)?.address);
    };
    expect(await addresses()).toEqual(Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? '203.0.113.9' : null)));
    await world.log.admin.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      staff.id('jane'),
    ]);
    expect(new Set(await addresses())).toEqual(new Set([undefined]));
  });

  test('is archived for every organization before it is dropped, and only while it is due for all of them', async () => {
    const strict = await world.organization(
      { january: 5, february: 3 },
      { audit: { retention: { frameworks: ['hgb'] } } },
    );
    const lax = await world.organization({ january: 4, february: 2 }, { audit: { retention: { days: 30 } } });
    // Ten years after January 2016 is over for the one, one month for the other.
    world.clock.advance(Date.UTC(2026, 0, 31, 23) - world.clock.now().getTime());
    expect(await world.run()).toEqual([]);
    expect(await world.archiving.standings({ signal: new AbortController().signal })).toMatchObject([
      { month: { name: '2016-01' }, keptUntil: new Date('2026-02-01T00:00:00Z'), isDue: false },
      { month: { name: '2016-02' }, keptUntil: new Date('2026-03-01T00:00:00Z'), isDue: false },
    ]);
    expect(await world.partitionExists('2016-01')).toBe(true);
    world.clock.advance(2 * 3_600_000);
    expect(await world.run()).toMatchObject([{ name: '2016-01' }]);
    expect(await world.partitionExists('2016-02')).toBe(true);
    for (const staff of [strict, lax]) expect(await world.archived(staff)).toMatchObject([{ month: '2016-01' }]);
  });

  test('stays where it is when only earlier ones are asked for', async () => {
    await world.organization({ january: 3, february: 3 });
    expect(await world.run({ before: FEBRUARY })).toMatchObject([{ name: '2016-01' }]);
    expect(await world.partitionExists('2016-02')).toBe(true);
  });

  test('is archived by one process at a time', async () => {
    const staff = await world.organization({ january: 50 });
    const runs = await Promise.all([world.run(), world.run(), world.run()]);
    expect(runs.filter((months) => months !== null)).toHaveLength(1);
    expect(await world.archived(staff)).toHaveLength(1);
    expect(await world.filesOf(staff)).toHaveLength(2);
  });
});

describe('nothing is dropped', () => {
  test('while entries of the month are not sealed', async () => {
    const staff = await world.organization({ january: 3 });
    await staff.act('jane', { at: new Date(JANUARY.start.getTime() + 999_999) });
    await expect(world.run()).rejects.toMatchObject({ code: 'month-not-sealed' });
    expect(await world.partitionExists('2016-01')).toBe(true);
    expect(await world.archived(staff)).toEqual([]);
    await world.log.sealAll();
    expect(await world.run({ before: FEBRUARY })).toMatchObject([{ name: '2016-01' }]);
  });

  test.each<[string, (path: string) => Promise<void>]>([
    [
      'is changed',
      async (path) => {
        const bytes = await readFile(path);
        bytes[Math.floor(bytes.length / 2)]! ^= 1;
        await writeFile(path, bytes);
      },
    ],
    ['is cut off', async (path) => writeFile(path, (await readFile(path)).subarray(0, -20))],
    ['is added to', (path) => appendFile(path, 'x')],
    ['is lost', (path) => rename(path, `${path}.gone`)],
  ])('where a file %s before it is verified', async (_how, damage) => {
    for (const part of ['bundle', 'personal']) {
      const staff = await world.organization({ january: 300 });
      const onStep = async ({ step, organization }: ArchivingStep) => {
        if (step !== 'written' || organization !== staff.organization) return;
        const name = (await world.filesOf(staff)).find((file) => file.includes(`.${part}.`))!;
        await damage(join(world.folder, staff.organization, name));
      };
      await expect(world.run({ onStep })).rejects.toThrow(/restore it from a backup|cannot be reached/);
      expect(await world.archived(staff)).toEqual([]);
      expect(await world.partitionExists('2016-01')).toBe(true);
    }
  });

  test('where a file is lost between its verification and the drop', async () => {
    const staff = await world.organization({ january: 20 });
    let path = '';
    const onStep = async ({ step }: ArchivingStep) => {
      if (step !== 'recorded') return;
      path = join(
        world.folder,
        staff.organization,
        (await world.filesOf(staff)).find((file) => file.includes('.personal.'))!,
      );
      await rename(path, join(world.folder, 'lost'));
    };
    await expect(world.run({ onStep })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await world.partitionExists('2016-01')).toBe(true);
    await rename(join(world.folder, 'lost'), path);
    expect(await world.run({ before: FEBRUARY })).toMatchObject([{ name: '2016-01' }]);
  });

  test('that the database does not know to be archived, whoever asks', async () => {
    const staff = await world.organization({ january: 20 });
    const sealer = await world.log.sealerDatabase.orm.driver.getConnection().getNativeClient();
    await expect(sealer.query(`select countersign.drop_audit_partition('2016-01')`)).rejects.toMatchObject({
      code: '55000',
    });
    await world
      .run({
        onStep: ({ step }) => {
          if (step === 'dropping') throw new Error('stopped here');
        },
      })
      .catch(() => undefined);
    // An entry that came after the month was archived.
    await staff.act('jane', { at: new Date(JANUARY.start.getTime() + 123_456) });
    await world.log.sealAll();
    await expect(sealer.query(`select countersign.drop_audit_partition('2016-01')`)).rejects.toMatchObject({
      code: '55000',
    });
    expect(await world.partitionExists('2016-01')).toBe(true);
    for (const name of ['2016-13', 'default', '2016-01; drop table countersign.people', ''])
      await expect(sealer.query('select countersign.drop_audit_partition($1)', [name])).rejects.toMatchObject({
        code: '22023',
      });
    expect((await sealer.query(`select countersign.drop_audit_partition('1999-01') as dropped`)).rows).toEqual([
      { dropped: false },
    ]);
    const app = await world.log.database.orm.driver.getConnection().getNativeClient();
    await expect(app.query(`select countersign.drop_audit_partition('2016-01')`)).rejects.toMatchObject({
      code: '42501',
    });
  });
});

test('an entry that was added with the id of an archived one keeps its month from being dropped', async () => {
  const staff = await world.organization({ january: 20 });
  await world
    .run({
      onStep: ({ step }) => {
        if (step === 'dropping') throw new Error('stopped here');
      },
    })
    .catch(() => undefined);
  await world.log.admin.query(
    `insert into countersign.audit_entries (id, organization_id, at, leaf)
     select id, organization_id, at + interval '1 second', jsonb_set(leaf::jsonb, '{at}', to_jsonb(at + interval '1 second'))::text
     from countersign.audit_entries where organization_id = $1 and at < $2 limit 1`,
    [staff.organization, JANUARY.end],
  );
  const sealer = await world.log.sealerDatabase.orm.driver.getConnection().getNativeClient();
  await expect(sealer.query(`select countersign.drop_audit_partition('2016-01')`)).rejects.toMatchObject({
    code: '55000',
  });
  expect(await world.partitionExists('2016-01')).toBe(true);
});

describe('an archived entry', () => {
  test('that cannot be read is found by the check, which goes on', async () => {
    const staff = await world.organization({ january: 600 });
    await world.run();
    const name = (await world.filesOf(staff)).find((file) => file.includes('.bundle.'))!;
    const path = join(world.folder, staff.organization, name);
    const bytes = await readFile(path);
    await writeFile(path, damagedInSecondFrame(bytes));
    const { work, sealerDatabase, master } = world.log;
    const logs = new LogCheck({
      work,
      archive: archiveAt(world.folder),
      keys: new LogKeys(new BareDatabase(sealerDatabase), new SigningKeys(master)),
    });
    const found: Finding[] = [];
    const { entries } = await logs.check(staff.organization, (finding) => found.push(finding));
    expect(entries).toBeGreaterThan(600);
    expect(found).toEqual([
      {
        seq: 256,
        what: expect.stringMatching(/^it and 255 entries after it cannot be read: .* is damaged in frame 1;/),
      },
    ]);
  });

  test('is not believed where its file was altered, nor made up where it is gone', async () => {
    const staff = await world.organization({ january: 30 });
    await world.run();
    const name = (await world.filesOf(staff)).find((file) => file.includes('.bundle.'))!;
    const path = join(world.folder, staff.organization, name);
    const bytes = await readFile(path);
    const altered = Buffer.from(bytes);
    altered[200]! ^= 1;
    await writeFile(path, altered);
    await expect(world.read(staff)).rejects.toMatchObject({ code: 'archive-damaged' });
    await rename(path, `${path}.away`);
    await expect(world.read(staff)).rejects.toMatchObject({ code: 'unavailable' });
    await writeFile(path, bytes);
    expect((await world.read(staff)).length).toBeGreaterThan(30);
  });
});

/** A byte in the middle of the second frame. */
function damagedInSecondFrame(bytes: Buffer): Buffer {
  const second = bytes.indexOf(FRAME, FRAME.length);
  const damaged = Buffer.from(bytes);
  const middle = Math.floor((second + bytes.indexOf(FRAME, second + FRAME.length)) / 2);
  damaged[middle]! ^= 1;
  return damaged;
}

/** Unpacks a file as RFC 8878 has it: frames begin with their magic number, and what is skippable is skipped. */
function framesIn(file: Buffer): Buffer[] {
  const starts = [];
  for (let at = file.indexOf(FRAME); at >= 0; at = file.indexOf(FRAME, at + 1)) starts.push(at);
  return starts.map((start) => zstdDecompressSync(file.subarray(start)));
}
