import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { entities } from '../../src/entities.ts';
import { migrate } from '../../src/platform/database/migrate.ts';

const TEMPLATE = 'countersign_template';
/** What API and worker log in as: no superuser, so that what holds for it holds in production. */
const LOGIN = { name: 'countersign_login', password: 'countersign' };

export interface TestDatabase {
  /** As the application logs in. */
  readonly url: string;
  /** As migrations and superusers log in. */
  readonly adminUrl: string;
  readonly drop: () => Promise<void>;
}

/** Makes the database that all others are copied from: migrated once per test run. */
export async function prepareTemplate(adminUrl: string): Promise<void> {
  await asAdmin(adminUrl, async (admin) => {
    const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [LOGIN.name]);
    if (rowCount === 0) await admin.query(`create role ${LOGIN.name} login password '${LOGIN.password}'`);
    await admin.query(`drop database if exists ${TEMPLATE}`);
    await admin.query(`create database ${TEMPLATE}`);
  });
  await migrate(withDatabase(adminUrl, TEMPLATE), loginUrl(adminUrl, TEMPLATE), entities);
}

/** A database of a test's own, copied from the migrated template in some tens of milliseconds. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = process.env['TEST_PG_ADMIN_URL'];
  if (!adminUrl)
    throw new Error('TEST_PG_ADMIN_URL is not set: run tests through `npm test`, whose global setup starts PostgreSQL');
  const name = `test_${randomBytes(6).toString('hex')}`;
  // Copying takes an exclusive look at the template: two files at once wait for each other here rather than fail.
  await asAdmin(adminUrl, async (admin) => {
    await admin.query('select pg_advisory_lock(7266833)');
    await admin.query(`create database ${name} template ${TEMPLATE}`);
  });
  return {
    url: loginUrl(adminUrl, name),
    adminUrl: withDatabase(adminUrl, name),
    drop: () =>
      asAdmin(adminUrl, async (admin) => void (await admin.query(`drop database if exists ${name} with (force)`))),
  };
}

async function asAdmin(url: string, work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function loginUrl(url: string, name: string): string {
  const changed = new URL(withDatabase(url, name));
  changed.username = LOGIN.name;
  changed.password = LOGIN.password;
  return changed.href;
}
