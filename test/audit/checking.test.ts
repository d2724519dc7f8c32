import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LogCheck } from '../../src/audit/checking/log-check.ts';
import { LogKeys } from '../../src/audit/exports/log-keys.ts';
import { findEntries } from '../../src/audit/reading/entry-store.ts';
import { cosignCheckpoint } from '../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, signingKey } from '../../src/audit/notes/keys.ts';
import { formatSignature } from '../../src/audit/notes/signed-note.ts';
import { SigningKeys } from '../../src/audit/sealing/signing-keys.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Vault } from '../../src/platform/crypto/vault.ts';
import { BareDatabase } from '../../src/platform/database/bare.ts';
import { newId } from '../../src/platform/ids.ts';
import { UnitOfWork } from '../../src/platform/unit-of-work.ts';
import { runCli } from '../cli/support/run-cli.ts';
import { LogWorld } from './support/log-world.ts';

/** More than a page, so that tiles of level 1 are filled into, and a checkpoint stands in its middle. */
const BATCHES = [3, 254, 1_000];
const SIZE = BATCHES.reduce((sum, batch) => sum + batch, 0);
const SOURCE = { address: '203.0.113.7', userAgent: 'test' };

let world: LogWorld;
let logs: LogCheck;

beforeAll(async () => {
  world = await LogWorld.open();
  const keys = new LogKeys(new BareDatabase(world.sealerDatabase), new SigningKeys(world.master));
  logs = new LogCheck({ work: world.work, archive: { read: async () => new Map() }, keys });
  await world.admin.query('set session_replication_role = replica');
});

afterAll(() => world?.close());

/** A log that was written and sealed in good order. */
async function goodLog(): Promise<string> {
  const organization = await world.organization();
  for (const batch of BATCHES) {
    await world.write(organization, batch, { source: SOURCE });
    await world.sealer().seal(organization);
  }
  return organization;
}

/** As a process finds them that remembers no key. */
async function findings(organization: string): Promise<string[]> {
  const found: string[] = [];
  await forgetful().check(organization, ({ seq, what }) => found.push(seq === null ? what : `${seq}: ${what}`));
  return found;
}

const cli = (...args: string[]) =>
  runCli(['audit', 'check', ...args], { DATABASE_URL: world.place.url, COUNTERSIGN_SECRET_KEY: world.secret });

describe('a log as it was written', () => {
  test('is found to be so, whatever waits to be sealed and whoever was erased', async () => {
    const organization = await goodLog();
    await world.write(organization, 2);
    expect(await logs.check(organization, (finding) => expect(finding).toBeNull())).toEqual({
      entries: SIZE,
      erased: 0,
      checkpoints: BATCHES.length,
      waiting: 2,
      late: { entries: 0, first: null },
    });
    await world.sealAll();
    const erased = await world.person(organization);
    await world.write(organization, 1, { actor: { type: 'person', id: erased }, source: SOURCE });
    await world.sealAll();
    await world.admin.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      erased,
    ]);
    expect(await forgetful().check(organization, (finding) => expect(finding).toBeNull())).toMatchObject({
      entries: SIZE + 3,
      erased: 1,
      waiting: 0,
    });
  });

  test('is found to be so while it is written to and sealed', async () => {
    const organization = await goodLog();
    const writing = (async () => {
      for (let round = 0; round < 20; round += 1) {
        await world.write(organization, 40);
        await world.sealer().seal(organization);
      }
      return 'written' as const;
    })();
    const checking = async () => (await findings(organization)).length === 0;
    for (let seen: boolean | 'written' = true; seen !== 'written'; seen = await Promise.race([writing, checking()]))
      expect(seen).toBe(true);
    expect(await findings(organization)).toEqual([]);
  });

  test('that is empty, or was never sealed, is no exception', async () => {
    expect(await findings(newId())).toEqual([]);
    const organization = await world.organization();
    await world.write(organization, 3);
    expect(await findings(organization)).toEqual([]);
  });
});

/** Another text of the same entry, which the table takes. */
const OTHER_LEAF = `jsonb_set(leaf::jsonb, '{detail}', '{"n": 4711}')::text`;

/** The copy of an entry, with its id and a moment of its own. */
const ADDED_WITH_SEALED_ID = `insert into countersign.audit_entries (id, organization_id, at, leaf)
  select e.id, e.organization_id, e.at - interval '1 second', jsonb_set(e.leaf::jsonb, '{at}', to_jsonb(e.at - interval '1 second'))::text
  from countersign.audit_entries e join countersign.audit_leaves l on l.entry_id = e.id where l.organization_id = $1 and l.leaf_index = 700`;

describe('whatever was done to it', () => {
  test.each<[string, string, string | RegExp]>([
    [
      'the text of an entry',
      `update countersign.audit_entries e set leaf = ${OTHER_LEAF} from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 700`,
      '700: its text, or its leaf, was changed',
    ],
    [
      'the hash of a leaf',
      `update countersign.audit_leaves set leaf_hash = sha256('x') where organization_id = $1 and leaf_index = 5`,
      '5: its text, or its leaf, was changed',
    ],
    [
      'the hash of a leaf, so that it is none',
      `update countersign.audit_leaves set leaf_hash = 'x' where organization_id = $1 and leaf_index = 5`,
      '5: its text, or its leaf, was changed',
    ],
    [
      'an entry and the hash of its leaf, in agreement',
      `with changed as (update countersign.audit_entries e set leaf = ${OTHER_LEAF} from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 9 returning e.id, e.leaf)
       update countersign.audit_leaves l set leaf_hash = sha256('\\x00'::bytea || convert_to(changed.leaf, 'UTF8')) from changed where l.entry_id = changed.id and l.organization_id = $1`,
      /the checkpoint of 257 entries has another root/,
    ],
    [
      'an entry that was removed',
      `delete from countersign.audit_entries e using countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 1200`,
      '1200: it is missing; its leaf is there',
    ],
    [
      'a leaf that was removed',
      `delete from countersign.audit_leaves where organization_id = $1 and leaf_index = 900`,
      '900: its leaf is missing: the tree cannot be computed from here on',
    ],
    [
      'leaves that were removed from the end',
      `delete from countersign.audit_leaves where organization_id = $1 and leaf_index > 1250`,
      '1251: its leaf is missing: the tree cannot be computed from here on',
    ],
    [
      'entries that changed places',
      `update countersign.audit_leaves set leaf_index = case leaf_index when 20 then -1 else 20 end where organization_id = $1 and leaf_index in (20, 21); update countersign.audit_leaves set leaf_index = 21 where organization_id = $1 and leaf_index = -1`,
      /has another root/,
    ],
    [
      'a leaf that was given the entry of another log',
      `update countersign.audit_leaves l set entry_id = o.entry_id, at = o.at from countersign.audit_leaves o where l.organization_id = $1 and l.leaf_index = 30 and o.organization_id <> $1 and o.leaf_index = 30`,
      '30: it is missing; its leaf is there',
    ],
    [
      'the moment of a leaf',
      `update countersign.audit_leaves set at = at - interval '1 day' where organization_id = $1 and leaf_index = 8`,
      '8: it is missing; its leaf is there',
    ],
    [
      'where an entry came from',
      `update countersign.audit_entries e set sealed = overlay(sealed placing '\\x00'::bytea from 60) from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 40`,
      '40: its personal fields were changed',
    ],
    [
      'where an entry came from, beyond recognition',
      `update countersign.audit_entries e set sealed = 'nothing' from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 40`,
      '40: its personal fields were changed',
    ],
    [
      'where an entry came from, taken from another',
      `update countersign.audit_entries e set sealed = (select o.sealed from countersign.audit_entries o join countersign.audit_leaves k on k.entry_id = o.id where k.organization_id = $1 and k.leaf_index = 41) from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 40`,
      '40: its personal fields were changed',
    ],
    [
      'where an entry came from, as if it were sealed for somebody unknown',
      `update countersign.audit_entries e set sealed = set_byte(sealed, 9, get_byte(sealed, 9) # 1) from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 40`,
      '40: its personal fields were changed',
    ],
    [
      'where an entry came from, removed',
      `update countersign.audit_entries e set sealed = null from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = 40`,
      '40: its personal fields were removed',
    ],
    [
      'the key of where entries came from, removed',
      `delete from keyring.subject_keys where organization_id = $1`,
      '40: the key of its personal fields is missing or damaged, and the keyring does not say that it was destroyed',
    ],
    [
      'the key of where entries came from, emptied',
      `update keyring.subject_keys set wrapped = null where organization_id = $1`,
      '40: the key of its personal fields is missing or damaged, and the keyring does not say that it was destroyed',
    ],
    [
      'the key of where entries came from, damaged',
      `update keyring.subject_keys set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where organization_id = $1`,
      '40: the key of its personal fields is missing or damaged, and the keyring does not say that it was destroyed',
    ],
    [
      'an entry that was added with the id of a sealed one',
      ADDED_WITH_SEALED_ID,
      /^entry [0-9a-f-]{36} has neither leaf nor place in the queue/,
    ],
    [
      'an archive of more than there is',
      `insert into countersign.audit_archives (id, organization_id, month, first_index, end_index, tree_size, entries, digest, personal_digest, archived_at) values (gen_random_uuid(), $1, '2016-01', 0, 9999, 9999, 9999, 'x', 'x', now())`,
      'the archive of 2016-01 holds more than the log has',
    ],
    [
      'an entry that was added past the queue',
      `insert into countersign.audit_entries (id, organization_id, at, leaf) select gen, $1, at, jsonb_set(leaf::jsonb, '{id}', to_jsonb(gen::text))::text from (select gen_random_uuid() as gen, at, leaf from countersign.audit_entries where organization_id = $1 limit 1) made`,
      /^entry [0-9a-f-]{36} has neither leaf nor place in the queue/,
    ],
    [
      'a place in the queue without an entry',
      `insert into countersign.audit_pending (organization_id, at, entry_id) values ($1, now(), gen_random_uuid())`,
      /^entry [0-9a-f-]{36} waits to be sealed and is missing/,
    ],
    [
      'a place in the queue for an entry that has its leaf',
      `insert into countersign.audit_pending (organization_id, at, entry_id) select $1, at, entry_id from countersign.audit_leaves where organization_id = $1 and leaf_index = 3`,
      /waits to be sealed and has a leaf already/,
    ],
    [
      'a hash in a full tile',
      `update countersign.audit_tiles set hashes = overlay(hashes placing '\\xff00ff'::bytea from 40) where organization_id = $1 and level = 0 and tile_index = 2`,
      'tile 2 of level 0 does not hold the hashes of the tree',
    ],
    [
      'a hash in a tile at the edge',
      `update countersign.audit_tiles set hashes = overlay(hashes placing '\\xff00ff'::bytea from 10) where organization_id = $1 and level = 1`,
      'tile 0 of level 1 does not hold the hashes of the tree',
    ],
    [
      'a tile that was removed',
      `delete from countersign.audit_tiles where organization_id = $1 and level = 0 and tile_index = 1`,
      'tile 1 of level 0 is missing',
    ],
    [
      'a tile that was cut',
      `update countersign.audit_tiles set hashes = substr(hashes, 1, 320) where organization_id = $1 and level = 0 and tile_index = 1`,
      'tile 0/1 does not hold as many hashes as it must',
    ],
    [
      'a tile that was lengthened',
      `update countersign.audit_tiles set hashes = hashes || sha256('x') where organization_id = $1 and level = 1`,
      'tile 1/0 does not hold as many hashes as it must',
    ],
    [
      'a tile that was added',
      `insert into countersign.audit_tiles (organization_id, level, tile_index, hashes) values ($1, 0, 77, sha256('x'))`,
      'tile 0/77 does not hold as many hashes as it must',
    ],
    [
      'the root of a checkpoint',
      `update countersign.audit_checkpoints set root = sha256('x') where organization_id = $1 and tree_size = 257`,
      'the checkpoint of 257 entries has another root than the entries lead to',
    ],
    [
      'the text of a checkpoint',
      `update countersign.audit_checkpoints set note = replace(note, '257', '258') where organization_id = $1 and tree_size = 257`,
      'the checkpoint of 257 entries is not signed by the log’s key',
    ],
    [
      'a checkpoint’s text, taken from another',
      `update countersign.audit_checkpoints set note = (select note from countersign.audit_checkpoints where organization_id = $1 and tree_size = 3) where organization_id = $1 and tree_size = 257`,
      'the checkpoint of 257 entries signs another size or root',
    ],
    [
      'a checkpoint beyond the end',
      `insert into countersign.audit_checkpoints (organization_id, tree_size, root, at, note, previous_size, link) select $1, 9999, root, at, note, previous_size, link from countersign.audit_checkpoints where organization_id = $1 and tree_size = 3`,
      'the checkpoint of 9999 entries is of more than the log has',
    ],
    [
      'the newest checkpoint, removed',
      `delete from countersign.audit_checkpoints where organization_id = $1 and tree_size = ${SIZE}`,
      /have no checkpoint/,
    ],
    [
      'the first checkpoint, removed',
      `delete from countersign.audit_checkpoints where organization_id = $1 and tree_size = 3`,
      'the checkpoint of 3 entries, which that of 257 follows, is missing',
    ],
    [
      'a checkpoint from the middle, removed',
      `delete from countersign.audit_checkpoints where organization_id = $1 and tree_size = 257`,
      `the checkpoint of 257 entries, which that of ${SIZE} follows, is missing`,
    ],
    [
      'a checkpoint from the middle, removed, and the next one linked to the one before',
      `delete from countersign.audit_checkpoints where organization_id = $1 and tree_size = 257; update countersign.audit_checkpoints c set previous_size = 3, link = (select link from countersign.audit_checkpoints where organization_id = $1 and tree_size = 3) where organization_id = $1 and tree_size = ${SIZE}`,
      `what the checkpoint of ${SIZE} entries says it follows is not signed by the log’s key`,
    ],
    [
      'a checkpoint that was put in between',
      `insert into countersign.audit_checkpoints (organization_id, tree_size, root, at, note, previous_size, link) select $1, 100, root, at, note, previous_size, link from countersign.audit_checkpoints where organization_id = $1 and tree_size = 257`,
      'the checkpoint of 257 entries follows that of 3, but there is one of 100 in between',
    ],
    [
      'the root of the log',
      `update countersign.audit_logs set root = sha256('x') where organization_id = $1`,
      /head of \d+ entries has another root/,
    ],
    [
      'the size of the log',
      `update countersign.audit_logs set size = 257 where organization_id = $1`,
      'leaf 257 lies beyond the end of the log',
    ],
    [
      'the key of the log',
      `update countersign.audit_logs set verifier_key = (select verifier_key from countersign.audit_logs where organization_id <> $1 limit 1) where organization_id = $1`,
      'the log’s key is that of another log',
    ],
    [
      'the key of the log, so that it is none',
      `update countersign.audit_logs set verifier_key = 'none' where organization_id = $1`,
      'the log’s key is none',
    ],
    [
      'the signing key of the log',
      `update countersign.audit_logs set signing_key = overlay(signing_key placing '\\x00'::bytea from 20) where organization_id = $1`,
      /the log’s signing key was changed/,
    ],
    [
      'everything, with the log’s head taken away',
      `delete from countersign.audit_logs where organization_id = $1`,
      /^leaf 0 lies beyond the end of the log/,
    ],
  ])('is found: %s', async (_what, sql, expected) => {
    const organization = await goodLog();
    for (const statement of sql.split(/;\s/))
      expect((await world.admin.query(statement, [organization])).rowCount).toBeGreaterThan(0);
    const found = await findings(organization);
    expect(found).toContainEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  });

  test('an entry that was added with the id of a sealed one has no place in the log, and is shown with none', async () => {
    const organization = await goodLog();
    await world.admin.query(ADDED_WITH_SEALED_ID, [organization]);
    const entries = await world.work.read(organization, (em) =>
      findEntries(em, organization, {}, { before: null, limit: 2 * SIZE }),
    );
    expect(entries).toHaveLength(SIZE + 1);
    const ids = Map.groupBy(entries, ({ id }) => id);
    expect([...ids.values()].find((copies) => copies.length > 1)?.map(({ seq }) => seq)).toEqual([700, null]);
  });

  test('an entry that was added in good order and with an old moment is counted as late', async () => {
    const organization = await goodLog();
    const { rows } = await world.admin.query<{ id: string; at: Date; leaf: string }>(
      'select id, at, leaf from countersign.audit_entries where organization_id = $1 order by at limit 1',
      [organization],
    );
    const [{ id, at, leaf }] = rows as [(typeof rows)[0]];
    const [added, old] = [newId(), new Date(at.getTime() - 3_700_000).toISOString()];
    await world.admin.query(
      'insert into countersign.audit_entries (id, organization_id, at, leaf) values ($1, $2, $3, $4)',
      [added, organization, old, JSON.stringify({ ...JSON.parse(leaf), id: added, at: old, personal: undefined })],
    );
    expect(leaf).toContain(id);
    await world.admin.query(
      'insert into countersign.audit_pending (organization_id, at, entry_id) values ($1, $2, $3)',
      [organization, old, added],
    );
    await world.sealer().seal(organization);
    expect(await logs.check(organization, (finding) => expect(finding).toBeNull())).toMatchObject({
      entries: SIZE + 1,
      late: { entries: 1, first: SIZE },
    });
    expect((await cli('--organization', organization)).output).toContain(
      `1 entries are late: they stand after others that are more than an hour younger; the first is entry ${SIZE}\n`,
    );
  });

  test('is found under a checkpoint too: a cosignature that the witness did not make', async () => {
    const organization = await goodLog();
    const [checkpoint] = await world.checkpoints(organization);
    const witness = signingKey('witness.test', randomBytes(32), 'witness');
    const line = formatSignature(cosignCheckpoint(checkpoint!.note, witness, new Date())).trimEnd();
    const keep = (size: number, text: string) =>
      world.admin.query(
        'insert into countersign.audit_cosignatures (organization_id, tree_size, verifier_key, line, cosigned_at, received_at) values ($1, $2, $3, $4, now(), now())',
        [organization, size, formatVerifierKey(witness), text],
      );
    await keep(checkpoint!.size, line);
    expect(await findings(organization)).toEqual([]);
    await keep(257, line);
    await keep(2, line);
    expect(await findings(organization)).toEqual([
      'a cosignature under the checkpoint of 257 entries is not the witness’s',
      'there is a cosignature, but no checkpoint, of 2 entries',
    ]);
  });
});

describe('countersign audit check', () => {
  test('goes through every log, names what is wrong, and exits with 1', async () => {
    const [good, bad] = [await goodLog(), await goodLog()];
    expect(await cli('--organization', good)).toMatchObject({
      exitCode: 0,
      output: `${good}: ${SIZE} entries (0 with erased personal data), 3 checkpoints, 0 waiting to be sealed; 0 wrong\nEverything is as it was written.\n`,
      errors: '',
    });
    await world.admin.query(
      `update countersign.audit_leaves set leaf_hash = sha256('x') where organization_id = $1 and leaf_index between 100 and 499`,
      [bad],
    );
    const { exitCode, output } = await cli();
    expect(exitCode).toBe(1);
    expect(output).toContain(`${good}: ${SIZE} entries`);
    expect(output).toContain(`${bad}: entry 100: its text, or its leaf, was changed\n`);
    expect(output).toMatch(new RegExp(`${bad}: and \\d{3} more\n`));
  });

  test('notices an organization of whose log nothing is left', async () => {
    const organization = newId();
    await world.admin.query(
      `insert into countersign.organizations (id, settings, created_at, name) values ($1, '{}', now(), '')`,
      [organization],
    );
    expect(await cli('--organization', organization)).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('the organization is there, and nothing is left of its log\n'),
    });
    await world.admin.query('delete from countersign.organizations where id = $1', [organization]);
  });

  test('goes on where keys are damaged, and asks for the right master secret where none opens', async () => {
    const organization = await goodLog();
    const shut = (sql: string) => world.admin.query(sql, [organization]);
    await shut(`update keyring.subject_keys set wrapped = substr(wrapped, 1, 9) where organization_id = $1`);
    expect(await cli('--organization', organization)).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining(`${organization}: entry 0: the key of its personal fields is missing or damaged`),
      errors: '',
    });
    expect(
      await runCli(['audit', 'check'], {
        DATABASE_URL: world.place.url,
        COUNTERSIGN_SECRET_KEY: randomBytes(32).toString('hex'),
      }),
    ).toMatchObject({ exitCode: 2, output: '', errors: expect.stringContaining('Set COUNTERSIGN_SECRET_KEY') });
  });

  test('says that it cannot tell, with the status 2, where it cannot', async () => {
    expect(await cli('--organization', 'acme')).toMatchObject({
      exitCode: 2,
      output: '',
      errors: expect.stringContaining('no id of an organization'),
    });
    expect(await cli('--organization', newId())).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('There is no audit log'),
    });
    expect(
      await runCli(['audit', 'check'], {
        DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none',
        COUNTERSIGN_SECRET_KEY: world.secret,
      }),
    ).toMatchObject({ exitCode: 2, errors: expect.stringContaining('does not answer') });
  });
});

function forgetful(): LogCheck {
  return new LogCheck({
    work: restartedWork(),
    archive: { read: async () => new Map() },
    keys: new LogKeys(new BareDatabase(world.sealerDatabase), new SigningKeys(world.master)),
  });
}

/** Another process’s view: no key is remembered. */
function restartedWork(): UnitOfWork {
  const log = { writeAudit: async () => undefined, writeOutbox: () => undefined, settleOutbox: async () => undefined };
  return new UnitOfWork({
    database: world.database,
    vault: new Vault(world.master),
    clock: systemClock,
    log,
    notifier: { outboxFilled: () => undefined, auditWritten: () => undefined, changed: () => undefined },
  });
}
