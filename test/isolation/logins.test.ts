import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let admin: Client;
const login = `api_${randomBytes(4).toString('hex')}`;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query(`create role ${login} login password 'secret'`);
  await admin.query(`grant connect on database ${new URL(database.adminUrl).pathname.slice(1)} to ${login}`);
  await admin.query(`grant ${DATABASE_ROLES.app} to ${login}`);
});

afterAll(async () => {
  await admin?.query(`drop owned by ${login}`);
  await admin?.query(`drop role ${login}`);
  await admin?.end();
  await database?.drop();
});

/** @returns how PostgreSQL answers who tries to become the sealer and to read the signing keys */
async function signingKeysBy(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`set role ${DATABASE_ROLES.app}`);
    await expect(client.query('select signing_key from countersign.audit_logs')).rejects.toMatchObject({
      code: '42501',
    });
    await client.query(`set role ${DATABASE_ROLES.sealer}`);
    await client.query('select signing_key from countersign.audit_logs');
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await client.end();
  }
}

test('the signing keys are out of reach of the application’s role, and of a login of its own; not of the common one', async () => {
  const own = new URL(database.url);
  own.username = login;
  own.password = 'secret';
  expect(await signingKeysBy(own.href)).toBe('42501');
  expect(await signingKeysBy(database.url)).toBeUndefined();
});
