import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/core';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { migrations } from '../../../migrations/index.ts';
import type { Entities } from './database.ts';
import { DATABASE_ROLES, KEYRING_SCHEMA, SCHEMA } from './tenant-table.ts';
import { describeDatabaseFailure } from './unusable.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Serializes migrations of processes that start at the same time. An arbitrary number, the same in all of them. */
const MIGRATION_LOCK = 7_266_832;

/**
 * Brings the database to this version: roles, schemas, tables. Runs as often as one likes.
 * @param url a login that may create roles and schemas
 * @param appUrl the login that API and worker use, which is made a member of the roles they step into
 * @returns the names of the migrations that were carried out
 * @throws DatabaseUnusable
 */
export async function migrate(url: string, appUrl: string, entities: Entities): Promise<string[]> {
  try {
    return await migrateAlone(url, appUrl, entities);
  } catch (error) {
    throw describeDatabaseFailure(error, url);
  }
}

/** While no other process migrates the same server. */
async function migrateAlone(url: string, appUrl: string, entities: Entities): Promise<string[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await prepareRoles(client, new URL(appUrl).username);
    return await runMigrations(url, entities);
  } finally {
    // Ends the session and with it the lock.
    await client.end();
  }
}

/** Roles stand above databases; a second database in the same server finds them made. */
async function prepareRoles(client: Client, appLogin: string): Promise<void> {
  for (const role of Object.values(DATABASE_ROLES)) {
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
    if (rowCount === 0) await createRole(client, role);
  }
  const { rows } = await client.query<{ me: string; db: string }>(
    'select current_user as me, current_database() as db',
  );
  const me = client.escapeIdentifier(rows[0]!.me);
  const database = client.escapeIdentifier(rows[0]!.db);
  await client.query(`grant ${DATABASE_ROLES.owner} to ${me}`);
  if (appLogin)
    await client.query(
      `grant ${DATABASE_ROLES.app}, ${DATABASE_ROLES.relay}, ${DATABASE_ROLES.sealer} to ${client.escapeIdentifier(decodeURIComponent(appLogin))}`,
    );
  await client.query(`grant create on database ${database} to ${DATABASE_ROLES.owner}`);
  for (const schema of [SCHEMA, KEYRING_SCHEMA]) {
    await client.query(`create schema if not exists ${schema} authorization ${DATABASE_ROLES.owner}`);
    await client.query(`grant usage on schema ${schema} to ${DATABASE_ROLES.app}`);
  }
  await client.query(`grant usage on schema ${SCHEMA} to ${DATABASE_ROLES.relay}, ${DATABASE_ROLES.sealer}`);
}

async function createRole(client: Client, role: string): Promise<void> {
  try {
    await client.query(`create role ${role} nologin nosuperuser nobypassrls`);
  } catch (error) {
    // Another database of the same server may be migrated at this moment: that it exists is all we want.
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
    if (rowCount === 0) throw error;
  }
}

async function runMigrations(url: string, entities: Entities): Promise<string[]> {
  const orm = new MikroORM({
    driver: PostgreSqlDriver,
    clientUrl: url,
    schema: SCHEMA,
    entities: [...entities],
    extensions: [Migrator],
    driverOptions: { options: `-c role=${DATABASE_ROLES.owner}` },
    migrations: {
      migrationsList: [...migrations],
      tableName: 'migrations',
      transactional: true,
      allOrNothing: true,
      snapshot: false,
    },
    logger: () => undefined,
  });
  try {
    const done = await orm.migrator.up();
    return done.map((migration) => migration.name);
  } finally {
    await orm.close(true);
  }
}
