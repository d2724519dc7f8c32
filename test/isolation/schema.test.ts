import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { PostgreSqlDriver, SchemaGenerator } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { entities } from '../../src/entities.ts';
import { SCHEMA } from '../../src/platform/database/tenant-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let orm: MikroORM<PostgreSqlDriver>;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  orm = new MikroORM<PostgreSqlDriver>({ driver: PostgreSqlDriver, clientUrl: database.adminUrl, schema: SCHEMA, entities: [...entities], extensions: [SchemaGenerator], logger: () => undefined });
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await orm?.close(true);
  await admin?.end();
  await database?.drop();
});

describe('the migrated schema', () => {
  test('is what the entities declare, but for the references that were written by hand', async () => {
    const differences = (await orm.schema.getUpdateSchemaSQL({ wrap: false })).split('\n').filter((line) => line !== '').toSorted();
    const { rows } = await admin.query<{ statement: string }>(
      `select format('alter table "%s"."%s" drop constraint "%s";', n.nspname, t.relname, c.conname) as statement
       from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace where c.contype = 'f'`,
    );
    expect(rows.length).toBeGreaterThan(20);
    const byHand = [
      ...rows.map(({ statement }) => statement),
      'drop table if exists "countersign"."migrations" cascade;',
      'drop function if exists "countersign"."authenticate"(bytea);',
      'drop function if exists "countersign"."forget_expired"();',
    ];
    expect(differences).toEqual(byHand.toSorted());
  });

  test('refers only within an organization', async () => {
    const { rows } = await admin.query<{ definition: string }>(`select pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'f'`);
    for (const { definition } of rows) expect(definition).toMatch(/^FOREIGN KEY \(organization_id, \w+\) REFERENCES \S+\(organization_id, id\)$/);
  });
});
