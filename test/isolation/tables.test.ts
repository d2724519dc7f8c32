import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { DATABASE_ROLES, ORGANIZATION_VARIABLE } from '../../src/platform/database/tenant-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Column, columnsOf, fillTable, organizationColumn, type Table, tablesOf } from './support/catalog.ts';

/** Row-level security does not cover these; whoever adds one has to say why here. */
const EXEMPT = [
  // What is looked up before the organization is known: hashes and opaque ids. Only looked up: see below.
  'countersign.directory',
  // Which migrations were carried out; out of the application's reach.
  'countersign.migrations',
  // Which price lists this installation has had; out of the application's reach as well.
  'countersign.price_catalogues',
];
const A = '0a000000-0000-7000-8000-00000000000a';
const B = '0b000000-0000-7000-8000-00000000000b';
const REFUSED = '42501';

let database: TestDatabase;
let admin: Client;
let tables: Table[];
let tenantTables: Table[];
let partitions: Table[];

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  tables = await tablesOf(admin);
  partitions = tables.filter((table) => table.partition);
  tenantTables = tables.filter((table) => !EXEMPT.includes(table.name) && !table.partition);
  for (const table of tenantTables) for (const organization of [A, B]) await fillTable(admin, table, organization);
});

afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

/** Runs statements under a role of the application, in a transaction that is rolled back. */
async function as<T>(role: string, organization: string | null, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: database.url, options: `-c role=${role}` });
  await client.connect();
  try {
    await client.query('begin');
    if (organization !== null)
      await client.query('select set_config($1, $2, true)', [ORGANIZATION_VARIABLE, organization]);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** How many rows a statement touched, or the SQLSTATE it was refused with. */
async function outcome(client: Client, sql: string, params: unknown[] = []): Promise<number | string> {
  await client.query('savepoint attempt');
  try {
    return (await client.query(sql, params)).rowCount ?? 0;
  } catch (error) {
    await client.query('rollback to savepoint attempt');
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}

describe('every table', () => {
  test('is there, and belongs to an organization or is exempt by name', () => {
    expect(tables.length).toBeGreaterThan(25);
    expect(tables.map((table) => table.name)).toEqual(expect.arrayContaining(EXEMPT));
    for (const table of tenantTables)
      expect({ table: table.name, column: organizationColumn(table) }).not.toEqual({ table: table.name, column: null });
  });

  test('has row-level security, forced', () => {
    for (const { name, enabled, forced } of [...tenantTables, ...partitions])
      expect({ name, enabled, forced }).toEqual({ name, enabled: true, forced: true });
  });

  test('shows the application the rows of its organization and no others', async () => {
    for (const table of tenantTables) {
      const seen = await as(
        DATABASE_ROLES.app,
        A,
        async (client) =>
          (await client.query(`select distinct ${organizationColumn(table)} as organization from ${table.name}`)).rows,
      );
      expect({ table: table.name, seen }).toEqual({ table: table.name, seen: [{ organization: A }] });
    }
  });

  test('shows nothing without an organization', async () => {
    for (const none of [null, '']) {
      for (const table of tenantTables) {
        const { rows } = await as(DATABASE_ROLES.app, none, (client) =>
          client.query(`select count(*)::int as n from ${table.name}`),
        );
        expect({ table: table.name, ...rows[0] }).toEqual({ table: table.name, n: 0 });
      }
    }
  });

  test('lets no row of another organization be changed, deleted, added or moved', async () => {
    for (const table of tenantTables) {
      const column = organizationColumn(table);
      await as(DATABASE_ROLES.app, A, async (client) => {
        const attempts = {
          update: await outcome(client, `update ${table.name} set ${column} = ${column} where ${column} = $1`, [B]),
          delete: await outcome(client, `delete from ${table.name} where ${column} = $1`, [B]),
          insert: await outcome(client, copyInto(table), [B]),
          move: await outcome(client, `update ${table.name} set ${column} = $1`, [B]),
        };
        expect([0, REFUSED]).toContain(attempts.update);
        expect([0, REFUSED]).toContain(attempts.delete);
        expect({ table: table.name, insert: attempts.insert, move: attempts.move }).toEqual({
          table: table.name,
          insert: REFUSED,
          move: REFUSED,
        });
      });
    }
  });

  test('lets nothing be added without an organization', async () => {
    for (const table of tenantTables) {
      const inserted = await as(DATABASE_ROLES.app, null, (client) =>
        outcome(client, `insert into ${table.name} (${organizationColumn(table)}) values ($1)`, [A]),
      );
      expect({ table: table.name, inserted }).toEqual({ table: table.name, inserted: REFUSED });
    }
  });

  /** A row like one of ours, only that it belongs to another organization. */
  function copyInto(table: Table): string {
    const own = table.columns.filter((column) => !column.derived);
    const [names, values] = [
      own.map(quoted),
      own.map((column) => (column.name === organizationColumn(table) ? '$1::uuid' : quoted(column))),
    ];
    return `insert into ${table.name} (${names.join(', ')}) select ${values.join(', ')} from ${table.name} limit 1`;
  }

  function quoted(column: Column): string {
    return `"${column.name}"`;
  }
});

describe('every partition', () => {
  test('is out of reach but through its parent, which shows an organization its own rows', async () => {
    expect(partitions.length).toBeGreaterThan(3);
    for (const { name } of partitions) {
      const { rows } = await admin.query(
        `select role, privilege from unnest($2::text[]) role cross join (values ('select'), ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger')) p (privilege)
         where has_table_privilege(role, $1, privilege) or (privilege <> 'delete' and privilege <> 'truncate' and privilege <> 'trigger' and has_any_column_privilege(role, $1, privilege))`,
        [name, [DATABASE_ROLES.app, DATABASE_ROLES.relay, DATABASE_ROLES.sealer, 'public']],
      );
      expect({ name, rows }).toEqual({ name, rows: [] });
      const policies = await admin.query(
        'select polname, polroles::regrole[]::text[] as roles from pg_policy where polrelid = $1::regclass',
        [name],
      );
      expect(policies.rows).toEqual([{ polname: 'owner', roles: [DATABASE_ROLES.owner] }]);
      expect(await as(DATABASE_ROLES.app, A, (client) => outcome(client, `select from ${name}`))).toBe(REFUSED);
    }
  });
});

describe('the roles', () => {
  test('of the application cannot bypass any of it, own nothing, and are no members of the owner', async () => {
    for (const role of [DATABASE_ROLES.app, DATABASE_ROLES.relay, DATABASE_ROLES.sealer]) {
      const { rows } = await admin.query(
        'select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin from pg_roles where rolname = $1',
        [role],
      );
      expect(rows).toEqual([
        {
          rolsuper: false,
          rolbypassrls: false,
          rolcreaterole: false,
          rolcreatedb: false,
          rolreplication: false,
          rolcanlogin: false,
        },
      ]);
      const owned = await admin.query(
        `select relname from pg_class where relowner = $1::regrole union all select proname from pg_proc where proowner = $1::regrole
         union all select nspname from pg_namespace where nspowner = $1::regrole`,
        [role],
      );
      expect(owned.rows).toEqual([]);
      const members = await admin.query(
        `select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = $1::regrole`,
        [role],
      );
      expect(members.rows).toEqual([]);
    }
  });

  test('that API and worker log in with can step into those three, and into nothing else', async () => {
    const { username } = new URL(database.url);
    const { rows } = await admin.query(
      `select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles l on l.oid = m.member where l.rolname = $1 order by 1`,
      [username],
    );
    expect(rows.map((row) => row.rolname)).toEqual(
      [DATABASE_ROLES.app, DATABASE_ROLES.relay, DATABASE_ROLES.sealer].toSorted(),
    );
  });

  test('of the relay reaches the outbox, of every organization, and nothing else', async () => {
    const { rows } = await admin.query(
      `select c.oid::regclass::text as name, p.privilege from pg_class c cross join (values ('select'), ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger')) p(privilege)
       where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace in ('countersign'::regnamespace, 'keyring'::regnamespace)
         and has_table_privilege($1, c.oid, p.privilege) order by 1, 2`,
      [DATABASE_ROLES.relay],
    );
    expect(rows).toEqual([
      { name: 'countersign.outbox', privilege: 'select' },
      { name: 'countersign.outbox', privilege: 'update' },
    ]);
    const seen = await as(
      DATABASE_ROLES.relay,
      null,
      async (client) => (await client.query('select distinct organization_id from countersign.outbox order by 1')).rows,
    );
    expect(seen).toEqual([{ organization_id: A }, { organization_id: B }]);
    expect(await as(DATABASE_ROLES.relay, A, (client) => outcome(client, 'select * from keyring.subject_keys'))).toBe(
      REFUSED,
    );
    expect(
      await as(DATABASE_ROLES.relay, A, (client) =>
        outcome(client, 'select * from countersign.authenticate($1)', [Buffer.alloc(32)]),
      ),
    ).toBe(REFUSED);
  });

  test('of the sealer reaches the audit log, of every organization: it reads entries, adds proofs, and nothing else', async () => {
    const { rows } = await admin.query<{ name: string; privileges: string }>(
      `select replace(c.oid::regclass::text, 'countersign.', '') as name, string_agg(p.privilege, ' ' order by p.privilege) as privileges
       from pg_class c cross join (values ('select'), ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger')) p(privilege)
       where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace in ('countersign'::regnamespace, 'keyring'::regnamespace)
         and has_table_privilege($1, c.oid, p.privilege) group by 1 order by 1`,
      [DATABASE_ROLES.sealer],
    );
    expect(Object.fromEntries(rows.map(({ name, privileges }) => [name, privileges]))).toEqual({
      audit_archives: 'select',
      audit_checkpoints: 'insert select',
      audit_entries: 'select',
      audit_leaves: 'insert select',
      audit_logs: 'insert select update',
      audit_pending: 'delete select',
      audit_tiles: 'insert select update',
      audit_watches: 'select',
      reservation_digests: 'select',
    });
    for (const { name } of rows) {
      const seen = await as(
        DATABASE_ROLES.sealer,
        null,
        async (client) =>
          (await client.query(`select distinct organization_id from countersign.${name} order by 1`)).rows,
      );
      expect({ name, seen }).toEqual({ name, seen: [{ organization_id: A }, { organization_id: B }] });
    }
    expect(await as(DATABASE_ROLES.sealer, A, (client) => outcome(client, 'select * from keyring.subject_keys'))).toBe(
      REFUSED,
    );
  });

  test('keep the keys that sign from the application', async () => {
    expect(
      await as(DATABASE_ROLES.app, A, (client) => outcome(client, 'select signing_key from countersign.audit_logs')),
    ).toBe(REFUSED);
    expect(
      await as(DATABASE_ROLES.app, A, (client) => outcome(client, 'select verifier_key from countersign.audit_logs')),
    ).toBe(1);
  });

  test('reach past row-level security through these functions only', async () => {
    const { rows } = await admin.query(
      `select p.oid::regprocedure::text as name from pg_proc p where p.prosecdef and p.pronamespace in ('countersign'::regnamespace, 'keyring'::regnamespace, 'public'::regnamespace) order by 1`,
    );
    expect(rows.map((row) => row.name)).toEqual([
      'countersign.adopt_price_catalogue(text)',
      'countersign.authenticate(bytea)',
      'countersign.budgets_due(timestamp with time zone,integer,uuid[])',
      'countersign.drop_audit_partition(text)',
      'countersign.forget_expired()',
      'countersign.forget_usage_ids(integer)',
      'countersign.make_audit_partitions()',
      'countersign.make_usage_partitions()',
      'countersign.organizations_to_check()',
      'countersign.price_catalogue_counts(text)',
      'countersign.recall_next_budget(uuid,timestamp with time zone)',
      'countersign.record_reservation_change()',
      'countersign.record_reservations_made()',
      'countersign.stray_audit_months()',
      'countersign.stray_usage_months()',
      'countersign.sweep_reservations(uuid,timestamp with time zone,integer)',
      'countersign.teams_with_reporting()',
    ]);
    const { rows: keys } = await admin.query('select organization_id, hash from countersign.api_keys order by 1');
    for (const key of keys) {
      const found = await as(
        DATABASE_ROLES.app,
        null,
        async (client) =>
          (await client.query('select organization_id from countersign.authenticate($1)', [key.hash])).rows,
      );
      expect(found).toEqual([{ organization_id: key.organization_id }]);
    }
    expect(
      await as(DATABASE_ROLES.app, A, (client) =>
        outcome(client, 'select * from countersign.authenticate($1)', [Buffer.alloc(32, 1)]),
      ),
    ).toBe(0);
  });
});

describe('what has happened', () => {
  test.each([
    'audit_entries',
    'audit_leaves',
    'audit_checkpoints',
    'audit_archives',
    'reservation_changes',
    'ledger_lines',
    'price_rates',
    'exchange_rates',
    'usage_reports',
  ])('in %s can neither be changed nor deleted by the application, its own organization’s included', async (table) => {
    await as(DATABASE_ROLES.app, A, async (client) => {
      expect(await outcome(client, `update countersign.${table} set organization_id = organization_id`)).toBe(REFUSED);
      expect(await outcome(client, `delete from countersign.${table}`)).toBe(REFUSED);
      expect(await outcome(client, `truncate countersign.${table}`)).toBe(REFUSED);
      expect(await outcome(client, `select from countersign.${table}`)).toBe(1);
    });
  });

  test.each([
    'countersign.people',
    'countersign.approvals',
    'countersign.approval_decisions',
    'countersign.approval_timeline',
    'countersign.organizations',
    'countersign.budgets',
    'countersign.budget_periods',
    'countersign.budget_overrides',
    'countersign.reservations',
    'keyring.subject_keys',
  ])('in %s is never deleted by the application', async (table) => {
    expect(await as(DATABASE_ROLES.app, A, (client) => outcome(client, `delete from ${table}`))).toBe(REFUSED);
  });
});

describe('the exempt tables', () => {
  test('hold hashes and opaque ids, and nothing else', async () => {
    const columns = await columnsOf(admin, 'countersign.directory');
    expect(columns.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual([
      'hash bytea',
      'kind character varying(255)',
      'organization_id uuid',
      'target_id uuid',
    ]);
  });

  test('show the application every organization’s hashes, and let it add and remove those of its own only', async () => {
    for (const organization of [A, B])
      await admin.query(`insert into countersign.directory values ('session', '\\x01', $1, $1)`, [organization]);
    const insert = `insert into countersign.directory values ('session', '\\x00', $1, $1)`;
    await as(DATABASE_ROLES.app, A, async (client) => {
      expect(await outcome(client, 'select from countersign.directory where organization_id = $1', [B])).toBe(1);
      expect(await outcome(client, insert, [A])).toBe(1);
      expect(await outcome(client, insert, [B])).toBe(REFUSED);
      expect(await outcome(client, 'delete from countersign.directory where organization_id = $1', [B])).toBe(0);
      expect(await outcome(client, 'delete from countersign.directory')).toBe(2);
      expect(await outcome(client, 'update countersign.directory set target_id = $1', [A])).toBe(REFUSED);
    });
    expect(await as(DATABASE_ROLES.app, null, (client) => outcome(client, 'delete from countersign.directory'))).toBe(
      0,
    );
  });

  test('of the migrations and the price lists are out of the application’s reach', async () => {
    for (const table of ['countersign.migrations', 'countersign.price_catalogues']) {
      for (const statement of [`select * from ${table}`, `delete from ${table}`])
        expect(await as(DATABASE_ROLES.app, A, (client) => outcome(client, statement))).toBe(REFUSED);
    }
  });
});
