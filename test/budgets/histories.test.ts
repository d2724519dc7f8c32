import { afterAll, beforeAll, describe, test } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { pino } from 'pino';
import { entities } from '../../src/entities.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { History, plans, steps } from './support/histories.ts';

/** `BUDGET_HISTORIES=10000` lets as many be lived through as were promised; `npm test` has less time. */
const HISTORIES = Number(process.env['BUDGET_HISTORIES'] ?? 400);
const AT_ONCE = 8;

let testDatabase: TestDatabase;
let database: Database;
let admin: Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = Database.open({
    url: testDatabase.url,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: AT_ONCE,
    logger: pino({ level: 'silent' }),
  });
  admin = new Client({ connectionString: testDatabase.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await database?.close();
  await testDatabase?.drop();
});

describe('whatever is reserved, settled, released, spent, raised, lowered and forgotten', () => {
  test('the tables give the answers and show the figures of a model that counts everything anew', async () => {
    const share = (index: number) => Math.ceil((HISTORIES - index) / AT_ONCE);
    const live = fc.asyncProperty(plans, steps, (plan, taken) => History.live(database, admin, plan, taken));
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => fc.assert(live, { numRuns: share(index) })));
  }, 1_800_000);
});
