import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { PostgreSqlDriver, SchemaGenerator } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { entities } from '../../src/entities.ts';
import { SCHEMA } from '../../src/platform/database/tenant-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Tables whose rows are never changed, by triggers that were written by hand. */
const INSERT_ONLY = [
  'audit_archives',
  'audit_checkpoints',
  'audit_cosignatures',
  'audit_entries',
  'audit_leaves',
  'reservation_changes',
];

let database: TestDatabase;
let orm: MikroORM<PostgreSqlDriver>;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  orm = new MikroORM<PostgreSqlDriver>({
    driver: PostgreSqlDriver,
    clientUrl: database.adminUrl,
    schema: SCHEMA,
    entities: [...entities],
    extensions: [SchemaGenerator],
    logger: () => undefined,
  });
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await orm?.close(true);
  await admin?.end();
  await database?.drop();
});

describe('the migrated schema', () => {
  test('is what the entities declare, but for the references, triggers and functions that were written by hand', async () => {
    const differences = (await orm.schema.getUpdateSchemaSQL({ wrap: false }))
      .split('\n')
      .filter((line) => line !== '')
      .toSorted();
    const { rows } = await admin.query<{ statement: string }>(
      `select format('alter table "%s"."%s" drop constraint "%s";', n.nspname, t.relname, c.conname) as statement
       from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace where c.contype = 'f'`,
    );
    expect(rows.length).toBeGreaterThan(20);
    const functions = await admin.query<{ statement: string }>(
      `select format('drop function if exists "countersign"."%s"(%s);', p.proname, (
         select string_agg(format_type(a.type, null), ', ' order by a.n) from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes) with ordinality a(type, mode, n)
         where a.mode is distinct from 't')) as statement from pg_proc p
       where p.pronamespace = 'countersign'::regnamespace and p.prorettype <> 'trigger'::regtype`,
    );
    const byHand = [
      ...[...rows, ...functions.rows].map(({ statement }) => statement),
      'drop table if exists "countersign"."migrations" cascade;',
      'drop table if exists "countersign"."price_catalogues" cascade;',
      ...INSERT_ONLY.map((table) => `drop trigger if exists "insert_only" on "countersign"."${table}";`),
      // As the comparison takes triggers to have a function of their own each.
      ...INSERT_ONLY.map((table) => `drop function if exists "countersign"."${table}_insert_only_fn"();`),
      'drop trigger if exists "ring_for_budgets" on "countersign"."outbox";',
      'drop function if exists "countersign"."outbox_ring_for_budgets_fn"();',
      'drop trigger if exists "append_only" on "countersign"."ledger_lines";',
      'drop function if exists "countersign"."ledger_lines_append_only_fn"();',
      ...['journal_changed', 'journal_made'].flatMap((trigger) => [
        `drop trigger if exists "${trigger}" on "countersign"."reservations";`,
        `drop function if exists "countersign"."reservations_${trigger}_fn"();`,
      ]),
    ];
    expect(differences).toEqual(byHand.toSorted());
  });

  test('takes everything that an audit entry can be found by out of its leaf', async () => {
    const { rows } = await admin.query<{ name: string; expression: string }>(
      `select attname as name, pg_get_expr(adbin, adrelid) as expression from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where attrelid = 'countersign.audit_entries'::regclass and attgenerated = 's' order by attnum`,
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'action',
      'actor_type',
      'actor_id',
      'actor_key',
      'resource_type',
      'resource_id',
      'team_id',
      'outcome',
    ]);
    for (const { expression } of rows)
      expect(expression).toMatch(/^\(*leaf\)::jsonb #>> '\{\w+(,\w+)?\}'::text\[\]\)*(::uuid)?$/);
    const { rows: others } = await admin.query(
      `select attname as name from pg_attribute where attrelid = 'countersign.audit_entries'::regclass and attnum > 0 and attgenerated = '' order by attnum`,
    );
    expect(others.map(({ name }) => name)).toEqual(['id', 'organization_id', 'at', 'leaf', 'sealed']);
  });

  test('refers only within an organization', async () => {
    const { rows } = await admin.query<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'f'`,
    );
    for (const { definition } of rows)
      expect(definition).toMatch(/^FOREIGN KEY \(organization_id, \w+\) REFERENCES \S+\(organization_id, id\)$/);
  });
});
