import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { Pool } from 'pg';
import { pino } from 'pino';
import { entities } from '../../src/entities.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { liveHistories } from './support/histories.ts';

/** `npm run bench:budgets -- --only histories` lives through the ten thousand that were promised. */
const HISTORIES = 400;
const AT_ONCE = 8;

let testDatabase: TestDatabase;
let database: Database;
let admin: Pool;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = Database.open({
    url: testDatabase.url,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: AT_ONCE,
    logger: pino({ level: 'silent' }),
  });
  admin = new Pool({ connectionString: testDatabase.adminUrl, max: AT_ONCE });
});

afterAll(async () => {
  await admin?.end();
  await database?.close();
  await testDatabase?.drop();
});

describe('whatever is reserved, settled, released, spent, raised, lowered, converted, made late and forgotten, over the end of a period', () => {
  test('the tables give the answers and show the figures of a model that counts everything anew', async () => {
    await liveHistories(database, admin, { count: HISTORIES, atOnce: AT_ONCE });
  }, 1_800_000);
});
