import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import { leafTextHash, opens, parsePersonal } from '../../src/audit/leaf.ts';
import { verifyInclusion } from '../../src/audit/merkle.ts';
import { AuditProofs } from '../../src/audit/proofs.ts';
import { personalPlace } from '../../src/audit/store.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { Housekeeping } from '../../src/platform/housekeeping.ts';
import { subjectsOf } from '../../src/platform/crypto/sealed.ts';
import { Vault } from '../../src/platform/crypto/vault.ts';
import { newId } from '../../src/platform/ids.ts';
import type { Origin } from '../../src/platform/unit-of-work.ts';
import { LogWorld, type StoredEntry } from './support/log-world.ts';

const REFUSED = '42501';
const SOURCE = { address: '203.0.113.7', userAgent: 'Mozilla/5.0 (Tester’s browser)' };

let world: LogWorld;

beforeAll(async () => {
  world = await LogWorld.open();
});

afterAll(() => world?.close());

/** The SQLSTATE that a statement is refused with, or how many rows it touched. */
async function outcome(client: Client, sql: string, values: unknown[] = []): Promise<number | string | null> {
  try {
    return (await client.query(sql, values)).rowCount;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}

async function as<T>(role: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: world.place.adminUrl, options: `-c role=${role}` });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function partitions(): Promise<string[]> {
  const { rows } = await world.admin.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'countersign.audit_entries'::regclass order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** What is sealed in an entry, as whoever has this vault's keys reads it. */
async function personalOf(
  organization: string,
  { id, sealed }: StoredEntry,
  vault = world.vault,
): Promise<string | null> {
  return world.work.read(organization, async (em) =>
    (await vault.unlockFor(em, organization, [sealed])).open(sealed, personalPlace(id)),
  );
}

describe('an entry', () => {
  test('is one canonical text, and what it can be found by is taken out of it', async () => {
    const organization = await world.organization();
    const [person, key, team, behalf, approval, requestId] = Array.from({ length: 6 }, () => newId());
    const at = new Date('2026-11-23T10:00:00.123Z');
    const origin: Origin = { organization, actor: { type: 'person', id: person!, key: key! }, requestId: requestId! };
    await world.work.write(
      origin,
      async (tx) => {
        tx.record({
          action: 'approval.decide',
          resource: { type: 'approval', id: approval! },
          team: team!,
          onBehalfOf: behalf!,
          outcome: 'denied',
          policyVersion: 'v3',
          detail: { refusal: 'stale-revision', revision: 2 },
        });
      },
      at,
    );
    const { rows } = await world.admin.query('select * from countersign.audit_entries where organization_id = $1', [
      organization,
    ]);
    const [row] = rows;
    expect(row.leaf).toBe(
      `{"action":"approval.decide","actor":{"key":"${key}","ref":"${person}","type":"person"},"at":"2026-11-23T10:00:00.123Z","detail":{"refusal":"stale-revision","revision":2},"id":"${row.id}",` +
        `"on_behalf_of":"${behalf}","organization":"${organization}","outcome":"denied","policy_version":"v3","request_id":"${requestId}","resource":{"ref":"${approval}","type":"approval"},"team":"${team}","v":1}`,
    );
    expect(row).toMatchObject({
      at,
      action: 'approval.decide',
      actor_type: 'person',
      actor_id: person,
      actor_key: key,
      resource_type: 'approval',
      resource_id: approval,
      team_id: team,
      outcome: 'denied',
      sealed: null,
    });
  });

  test('is queued for sealing with the statement that writes it, and taken back with its transaction', async () => {
    const organization = await world.organization();
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    const record = { action: 'team.made', resource: { type: 'team', id: newId() } } as const;
    await world.work.write(origin, async (tx) => {
      tx.record(record);
      tx.record(record);
    });
    const failing = world.work.write(origin, async (tx) => {
      tx.record(record);
      tx.enqueue({ id: 'no uuid at all', channel: 'workflow', reference: {} });
    });
    await expect(failing).rejects.toThrow();
    const { rows } = await world.admin.query(
      'select p.entry_id = e.id and p.at = e.at as same from countersign.audit_entries e full join countersign.audit_pending p on p.entry_id = e.id where e.organization_id = $1 or p.organization_id = $1',
      [organization],
    );
    expect(rows).toEqual([{ same: true }, { same: true }]);
  });

  test.each([
    ['another id', '{"id":"00000000-0000-7000-8000-000000000000"}'],
    ['another organization', '{"organization":"00000000-0000-7000-8000-000000000000"}'],
    ['another moment', '{"at":"2020-01-01T00:00:00.000Z"}'],
    ['no action', '{"action":null}'],
  ])('whose text says %s than its row is refused by the database', async (_, change) => {
    const organization = await world.organization();
    await world.write(organization);
    const copy = `insert into countersign.audit_entries (id, organization_id, at, leaf)
      select fresh, organization_id, at, (leaf::jsonb || jsonb_build_object('id', fresh) || $2::jsonb)::text from countersign.audit_entries, gen_random_uuid() fresh where organization_id = $1`;
    expect(await outcome(world.admin, copy, [organization, '{}'])).toBe(1);
    expect(await outcome(world.admin, `${copy} limit 1`, [organization, change])).toMatch(/^235(14|02)$/);
  });
});

describe('what was recorded', () => {
  test.each(['audit_entries', 'audit_leaves', 'audit_checkpoints'])(
    'in %s cannot be changed, deleted or emptied by the owner of the tables nor by a superuser',
    async (table) => {
      const organization = await world.organization();
      await world.write(organization);
      await world.sealAll();
      const before = (await world.admin.query(`select * from countersign.${table} order by 1, 2`)).rows;
      const attempts = [
        `update countersign.${table} set organization_id = organization_id`,
        `delete from countersign.${table}`,
        `truncate countersign.${table}`,
        `truncate countersign.${table} cascade`,
      ];
      for (const attempt of attempts) {
        expect({
          attempt,
          as: 'owner',
          outcome: await as(DATABASE_ROLES.owner, (client) => outcome(client, attempt)),
        }).toEqual({ attempt, as: 'owner', outcome: REFUSED });
        expect({ attempt, as: 'superuser', outcome: await outcome(world.admin, attempt) }).toEqual({
          attempt,
          as: 'superuser',
          outcome: REFUSED,
        });
      }
      expect((await world.admin.query(`select * from countersign.${table} order by 1, 2`)).rows).toEqual(before);
    },
  );

  test('cannot be changed past its parent table either', async () => {
    const organization = await world.organization();
    await world.write(organization);
    for (const partition of await partitions()) {
      const { rows } = await world.admin.query(`select from ${partition}`);
      for (const attempt of [`update ${partition} set leaf = leaf`, `delete from ${partition}`]) {
        expect({ attempt, outcome: await as(DATABASE_ROLES.owner, (client) => outcome(client, attempt)) }).toEqual({
          attempt,
          outcome: rows.length === 0 ? 0 : REFUSED,
        });
      }
      expect(await as(DATABASE_ROLES.owner, (client) => outcome(client, `truncate ${partition}`))).toBe(REFUSED);
    }
  });

  test('cannot be taken out of the queue by the application before it is sealed', async () => {
    const organization = await world.organization();
    await world.write(organization);
    for (const attempt of ['delete from countersign.audit_pending', 'update countersign.audit_pending set at = at']) {
      expect(await as(DATABASE_ROLES.app, (client) => outcome(client, attempt))).toBe(REFUSED);
    }
    await world.sealAll();
  });
});

describe('where a request came from', () => {
  test('is readable with the key of the person who acts, opens the commitment in the leaf, and stands nowhere in plain', async () => {
    const organization = await world.organization();
    const person = await world.person(organization);
    await world.write(organization, 2, { actor: { type: 'person', id: person }, source: SOURCE });
    const entries = await world.entries(organization);
    const commitments = new Set<string>();
    for (const entry of entries) {
      const personal = parsePersonal((await personalOf(organization, entry)) ?? '');
      expect(personal.fields).toEqual({ address: SOURCE.address, user_agent: SOURCE.userAgent });
      const { personal: commitment } = JSON.parse(entry.leaf);
      expect(opens(personal, commitment)).toBe(true);
      commitments.add(commitment);
      expect(Buffer.concat([Buffer.from(entry.leaf), entry.sealed ?? Buffer.alloc(0)]).includes(SOURCE.address)).toBe(
        false,
      );
      // Without the salt, whoever guesses the address would have it confirmed.
      expect(commitment).not.toBe(
        createHash('sha256')
          .update('{"address":"203.0.113.7","user_agent":"Mozilla/5.0 (Tester’s browser)"}')
          .digest('base64'),
      );
    }
    expect(commitments.size).toBe(entries.length);
  });

  test('is kept under the organization’s key where no person acts', async () => {
    const organization = await world.organization();
    await world.write(organization, 1, { actor: { type: 'service', id: newId() }, source: SOURCE });
    const [entry] = await world.entries(organization);
    expect(subjectsOf(entry?.sealed ?? Buffer.alloc(0))).toEqual([organization]);
    expect(await personalOf(organization, entry!)).toContain(SOURCE.address);
  });

  test('costs no round trip more than leaving it out, once the key is known to the process', async () => {
    const organization = await world.organization();
    const pool = await world.database.orm.driver.getConnection().getNativeClient();
    const messages = async (source: typeof SOURCE | null) => {
      const client = await pool.connect();
      const sent = jest.spyOn(client, 'query');
      client.release();
      await world.write(organization, 1, source ? { source } : {});
      const count = sent.mock.calls.length;
      sent.mockRestore();
      return count;
    };
    const first = await messages(SOURCE);
    expect(await messages(SOURCE)).toBe(await messages(null));
    expect(first).toBeGreaterThan(0);
  });

  test('is gone once the person’s key is destroyed, and every proof of the entry still holds', async () => {
    const organization = await world.organization();
    const person = await world.person(organization);
    await world.write(organization, 5, { actor: { type: 'person', id: person }, source: SOURCE });
    await world.sealAll();
    const proofs = new AuditProofs(world.database);
    const before = await proofs.inclusion(organization, { seq: 3 });
    await world.admin.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      person,
    ]);
    const restarted = new Vault(world.master);
    for (const entry of await world.entries(organization))
      expect(await personalOf(organization, entry, restarted)).toBeNull();
    const after = await proofs.inclusion(organization, { seq: 3 });
    expect(after).toEqual(before);
    verifyInclusion(after.seq, after.treeSize, leafTextHash(after.leaf ?? ''), after.hashes, after.checkpoint.root);
    // Nothing new can be written about them, and nothing new fails because of it.
    await world
      .workWith(restarted)
      .write({ organization, actor: { type: 'person', id: person }, requestId: null, source: SOURCE }, async (tx) =>
        tx.record({ action: 'team.made', resource: { type: 'team', id: newId() } }),
      );
    const last = (await world.entries(organization)).at(-1);
    expect({ sealed: last?.sealed, personal: JSON.parse(last?.leaf ?? '').personal }).toEqual({
      sealed: null,
      personal: undefined,
    });
    await world.sealAll();
  });
});

describe('the partitions', () => {
  const housekeeping = () => new Housekeeping({ database: world.database, logger: world.logger });
  const nameOf = (month: Date) => `countersign.audit_entries_${month.toISOString().slice(0, 7).replace('-', '_')}`;
  const monthsAhead = (ahead: number) =>
    new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + ahead, 15));

  test('of this month and the next three are there, and made again by housekeeping where one is missing', async () => {
    const expected = [
      'countersign.audit_entries_default',
      ...[0, 1, 2, 3].map((ahead) => nameOf(monthsAhead(ahead))),
    ].toSorted();
    expect(await partitions()).toEqual(expected);
    await world.admin.query(`drop table ${nameOf(monthsAhead(2))}`);
    await housekeeping().makePartitions();
    await housekeeping().makePartitions();
    expect(await partitions()).toEqual(expected);
    expect(world.logged).toEqual([]);
  });

  test('hold the entries of their month; the default one those of no month that was made', async () => {
    const organization = await world.organization();
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    for (const ahead of [0, 1, 7])
      await world.work.write(
        origin,
        async (tx) => tx.record({ action: 'team.made', resource: { type: 'team', id: newId() } }),
        monthsAhead(ahead),
      );
    const { rows } = await world.admin.query(
      'select tableoid::regclass::text as partition from countersign.audit_entries where organization_id = $1 order by at',
      [organization],
    );
    expect(rows.map(({ partition }) => partition)).toEqual([
      nameOf(monthsAhead(0)),
      nameOf(monthsAhead(1)),
      'countersign.audit_entries_default',
    ]);
  });

  test('of a month that the default one holds entries of is left unmade, and nothing is lost', async () => {
    const organization = await world.organization();
    const name = nameOf(monthsAhead(3));
    await world.admin.query(`drop table ${name}`);
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    await world.work.write(
      origin,
      async (tx) => tx.record({ action: 'team.made', resource: { type: 'team', id: newId() } }),
      monthsAhead(3),
    );
    await housekeeping().makePartitions();
    expect(await partitions()).not.toContain(name);
    expect(world.logged).toEqual([]);
    await world.sealAll();
    expect(await world.leaves(organization)).toHaveLength(1);
  });
});
