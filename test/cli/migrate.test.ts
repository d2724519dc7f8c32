import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { keyIn, runCli } from './support/run-cli.ts';

/** A database and two logins without any special rights, as docs/OPERATIONS.md has them made. */
const tag = randomBytes(6).toString('hex');
const names = { database: `cli_${tag}`, migration: `cli_migration_${tag}`, login: `cli_login_${tag}` };
const SECRET = randomBytes(32).toString('hex');
const adminUrl = new URL(process.env['TEST_PG_ADMIN_URL'] ?? '');
let environment: Record<string, string>;

beforeAll(async () => {
  await asAdmin(adminUrl.href, [
    `create role ${names.migration} login createrole password 'one'`,
    `create role ${names.login} login password 'two'`,
    `grant countersign_owner, countersign_app, countersign_relay, countersign_sealer to ${names.migration} with admin option`,
    `create database ${names.database} owner ${names.migration}`,
  ]);
  environment = {
    DATABASE_MIGRATION_URL: urlOf(names.migration, 'one'),
    DATABASE_URL: urlOf(names.login, 'two'),
    COUNTERSIGN_SECRET_KEY: SECRET,
  };
});

afterAll(() =>
  asAdmin(adminUrl.href, [
    `drop database ${names.database} with (force)`,
    `drop owned by ${names.migration}, ${names.login} cascade`,
    `drop role ${names.login}`,
    `drop role ${names.migration}`,
  ]),
);

describe('countersign migrate', () => {
  test('brings an empty database up with logins that are no superusers, and makes the first organization when it may', async () => {
    const without = await runCli(['migrate', '--no-bootstrap'], environment);
    expect(without).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Migrated: 0001-row-level-security'),
    });
    expect(without.output).not.toContain('cs_');

    const first = await runCli(['migrate'], environment);
    expect(first).toMatchObject({ exitCode: 0, output: expect.stringContaining('Nothing to migrate') });
    expect(await organizationOf(keyIn(first))).toBe('default');

    const second = await runCli(['migrate'], environment);
    expect(second).toMatchObject({ exitCode: 0, output: expect.stringContaining('is there already') });
    expect(second.output).not.toContain('cs_');
  });

  test('says which login is refused, and never shows its password', async () => {
    const wrong = await runCli(['migrate'], {
      ...environment,
      DATABASE_MIGRATION_URL: urlOf(names.migration, 'not-it'),
    });
    expect(wrong).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining(`refuses the login ${names.migration}`),
    });
    expect(wrong.errors).not.toContain('not-it');
  });

  test('says what is missing where no database is named and none is embedded', async () => {
    const { exitCode, errors } = await runCli(['migrate'], { DATA_DIR: '/nowhere', COUNTERSIGN_SECRET_KEY: SECRET });
    expect({ exitCode, errors }).toEqual({ exitCode: 1, errors: expect.stringContaining('Set DATABASE_URL') });
  });
});

/** The name of the organization that a key belongs to, read as API and worker read it. */
async function organizationOf(key: string): Promise<string> {
  const client = new Client({ connectionString: environment['DATABASE_URL'], options: '-c role=countersign_app' });
  await client.connect();
  try {
    const { rows } = await client.query<{ organization_id: string }>(
      `select organization_id from countersign.authenticate(sha256(convert_to($1, 'UTF8')))`,
      [key],
    );
    await client.query('begin');
    await client.query(`select set_config('app.organization', $1, true)`, [rows[0]?.organization_id]);
    return (await client.query<{ name: string }>('select name from countersign.organizations')).rows[0]?.name ?? '';
  } finally {
    await client.end();
  }
}

function urlOf(login: string, password: string): string {
  return `postgres://${login}:${password}@${adminUrl.host}/${names.database}`;
}

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    for (const statement of statements) await admin.query(statement);
  } finally {
    await admin.end();
  }
}
