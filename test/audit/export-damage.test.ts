import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BundleSource } from '../../src/audit/exports/bundle-source.ts';
import { SealedEntries } from '../../src/audit/sealed-entries.ts';
import { Vault } from '../../src/platform/crypto/vault.ts';
import { People } from '../../src/tenancy/people.ts';
import { LogWorld } from './support/log-world.ts';
import { runCli } from '../cli/support/run-cli.ts';
import { Staff } from './support/staff.ts';

const HOUR_MS = 3_600_000;
const BEGIN = Date.UTC(2026, 4, 1);
const SOURCE_OF = 'countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = $2';

let world: LogWorld;
let source: BundleSource;

beforeAll(async () => {
  world = await LogWorld.open();
  source = new BundleSource({
    work: world.work,
    entries: new SealedEntries({ read: async () => new Map() }),
    openers: () => {
      const vault = new Vault(world.master);
      return { vault, people: new People(world.master, vault) };
    },
  });
  await world.admin.query('set session_replication_role = replica');
});

afterAll(() => world?.close());

/** Something happened every hour of a day, by somebody from somewhere. */
async function day(): Promise<Staff> {
  const staff = await Staff.hire(world, { jane: ['member'] });
  await world.sealAll();
  for (let hour = 0; hour < 24; hour += 1) {
    await staff.act('jane', { at: new Date(BEGIN + hour * HOUR_MS), address: '203.0.113.7' });
    await world.sealAll();
  }
  return staff;
}

/** The places in the log of what a bundle of these hours holds, and of how many the personal fields were erased. */
async function exported({ organization }: Staff, from: number, to: number) {
  const { entries } = await source.read(
    organization,
    new Date(BEGIN + from * HOUR_MS),
    new Date(BEGIN + to * HOUR_MS),
    { signal: new AbortController().signal },
  );
  const seqs: number[] = [];
  let erased = 0;
  for await (const entry of entries) {
    seqs.push(entry.seq);
    erased += entry.personal ? 0 : 1;
  }
  return { seqs, erased };
}

/** The place of what happened in the first hour. */
async function firstSeq(staff: Staff): Promise<number> {
  return (await exported(staff, 0, 1)).seqs[0]!;
}

describe('a bundle', () => {
  test('holds the entries of its time, and what was erased without personal fields', async () => {
    const staff = await day();
    const first = await firstSeq(staff);
    expect(await exported(staff, 8, 10)).toEqual({ seqs: [first + 8, first + 9], erased: 0 });
    await world.admin.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      staff.id('jane'),
    ]);
    expect(await exported(staff, 8, 10)).toEqual({ seqs: [first + 8, first + 9], erased: 2 });
  });

  test.each<[what: string, sql: string, code: string]>([
    [
      'fields that were removed',
      `update countersign.audit_entries e set sealed = null from ${SOURCE_OF}`,
      'personal-missing',
    ],
    [
      'a key that is missing',
      `delete from keyring.subject_keys where organization_id = $1 and id = (select actor_id from countersign.audit_entries e, ${SOURCE_OF})`,
      'personal-key-missing',
    ],
    [
      'a key that was emptied, and not destroyed',
      `update keyring.subject_keys set wrapped = null where organization_id = $1 and id = (select actor_id from countersign.audit_entries e, ${SOURCE_OF})`,
      'personal-key-missing',
    ],
  ])('takes for erased no %s', async (_what, sql, code) => {
    const staff = await day();
    const first = await firstSeq(staff);
    expect((await world.admin.query(sql, [staff.organization, first + 8])).rowCount).toBe(1);
    await expect(exported(staff, 8, 10)).rejects.toMatchObject({ code });
  });

  test('is refused by the command too, with what is wrong', async () => {
    const staff = await day();
    const values = [staff.organization, (await firstSeq(staff)) + 8];
    await world.admin.query(`update countersign.audit_entries e set sealed = null from ${SOURCE_OF}`, values);
    const [from, to] = [8, 10].map((hour) => new Date(BEGIN + hour * HOUR_MS).toISOString()) as [string, string];
    const out = join(tmpdir(), `countersign-${staff.organization}.jsonl`);
    const args = ['audit', 'export', '--from', from, '--to', to, '--organization', staff.organization, '--out', out];
    expect(await runCli(args, { DATABASE_URL: world.place.url, COUNTERSIGN_SECRET_KEY: world.secret })).toMatchObject({
      exitCode: 2,
      output: '',
      errors: expect.stringMatching(/^No bundle of this time can be made: /),
    });
  });

  test.each([0, 8, 9, 10])(
    'is not made where hour %i was moved out of its time, or into the time beside it',
    async (hour) => {
      const staff = await day();
      const first = await firstSeq(staff);
      await world.admin.query(
        `update countersign.audit_leaves set at = at - interval '60 days' where organization_id = $1 and leaf_index = $2`,
        [staff.organization, first + hour],
      );
      await expect(exported(staff, 8, 10)).rejects.toMatchObject({ code: 'entry-missing' });
    },
  );

  test('is not made where an archived entry’s leaf has another moment', async () => {
    const staff = await day();
    const first = await firstSeq(staff);
    const { rows } = await world.admin.query<{ leaf: string; sealed: Buffer }>(
      `delete from countersign.audit_entries e using ${SOURCE_OF} returning e.leaf, e.sealed`,
      [staff.organization, first + 8],
    );
    const archive = new SealedEntries({
      read: async () => new Map(rows.map((row) => [first + 8, { seq: first + 8, ...row }])),
    });
    const [vault, signal] = [new Vault(world.master), new AbortController().signal];
    const openers = () => ({ vault, people: new People(world.master, vault) });
    const archived = new BundleSource({ work: world.work, entries: archive, openers });
    const read = async () => {
      const parts = await archived.read(
        staff.organization,
        new Date(BEGIN + 9 * HOUR_MS),
        new Date(BEGIN + 10 * HOUR_MS),
        {
          signal,
        },
      );
      const seqs: number[] = [];
      for await (const { seq } of parts.entries) seqs.push(seq);
      return seqs;
    };
    expect(await read()).toEqual([first + 9]);
    await world.admin.query(
      `update countersign.audit_leaves set at = at - interval '60 days' where organization_id = $1 and leaf_index = $2`,
      [staff.organization, first + 8],
    );
    await expect(read()).rejects.toMatchObject({ code: 'entry-misplaced', seq: first + 8 });
  });
});
