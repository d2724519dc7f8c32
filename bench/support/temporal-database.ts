import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { runCommand } from '../../src/platform/embedded/command.ts';
import { toolEnvironment } from '../../src/platform/embedded/environment.ts';
import type { TemporalStore } from './temporal-config.ts';
import type { TemporalPrograms } from './temporal-programs.ts';

const LOGIN = 'temporal';
const DATABASES = { main: 'temporal', visibility: 'temporal_visibility' } as const;
const SCHEMA_TIMEOUT_MS = 120_000;

/**
 * Makes Temporal's databases and their tables in a PostgreSQL that has none of them yet.
 * @param adminUrl a superuser's
 */
export async function prepareTemporalDatabases(adminUrl: string, programs: TemporalPrograms): Promise<TemporalStore> {
  const { hostname, port } = new URL(adminUrl);
  const store: TemporalStore = {
    address: `${hostname}:${port}`,
    user: LOGIN,
    password: randomBytes(16).toString('hex'),
    databases: DATABASES,
  };
  await createDatabases(adminUrl, store);
  await Promise.all([
    createTables(programs.sql, store, DATABASES.main, programs.schemas.main),
    createTables(programs.sql, store, DATABASES.visibility, programs.schemas.visibility),
  ]);
  return store;
}

async function createDatabases(adminUrl: string, store: TemporalStore): Promise<void> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`create role ${LOGIN} login password ${admin.escapeLiteral(store.password)}`);
    for (const database of Object.values(DATABASES)) await admin.query(`create database ${database} owner ${LOGIN}`);
  } finally {
    await admin.end();
  }
}

async function createTables(program: string, store: TemporalStore, database: string, versions: string): Promise<void> {
  const [host, port] = store.address.split(':');
  const environment = toolEnvironment({
    SQL_PLUGIN: 'postgres12',
    SQL_HOST: host ?? '',
    SQL_PORT: port ?? '',
    SQL_USER: store.user,
    SQL_PASSWORD: store.password,
    SQL_DATABASE: database,
  });
  const run = (...args: string[]) => runCommand(program, args, { timeoutMs: SCHEMA_TIMEOUT_MS, environment });
  await run('setup-schema', '-v', '0.0');
  await run('update-schema', '-d', versions);
}
