import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Client } from 'pg';
import { entities } from '../../src/entities.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { Unavailable } from '../../src/platform/errors.ts';
import { newId } from '../../src/platform/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const POOL_SIZE = 3;
let place: TestDatabase;
let admin: Client;
let database: Database;

beforeAll(async () => {
  place = await createTestDatabase();
  admin = new Client({ connectionString: place.adminUrl });
  await admin.connect();
  database = Database.open({
    url: place.url,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: POOL_SIZE,
    logger: pino({ level: 'silent' }),
  });
});

afterAll(async () => {
  await database.close(); // does not end while a connection is missing
  await admin.end();
  await place.drop();
});

function loseAll(): Promise<unknown> {
  return admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
}

/** Uses all places of the pool at once. */
async function useAll(): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: POOL_SIZE }, () =>
      database.read(newId(), (em) => em.execute<{ one: number }[]>('select 1 as one, pg_sleep(0.01)')),
    ),
  );
  expect(answers.map(([row]) => row?.one)).toEqual([1, 1, 1]);
}

/** An idle connection may be lost without anybody having noticed; whoever gets it is told, and it is not handed out again. */
async function useAllAtLast(): Promise<void> {
  for (let unnoticed = 0; unnoticed < POOL_SIZE; unnoticed += 1) {
    try {
      return await useAll();
    } catch (error) {
      expect(error).toBeInstanceOf(Unavailable);
    }
  }
  await useAll();
}

describe('connections that are lost', () => {
  test('in the middle of transactions, more often than the pool is large: it is whole again', async () => {
    for (let lost = 0; lost < POOL_SIZE + 2; lost += 1) {
      const transaction = database.fork(newId()).transactional(async (em) => {
        await em.execute('select 1');
        await loseAll();
        await em.execute('select 1');
      });
      await expect(transaction).rejects.toThrow();
    }
    await useAllAtLast();
  });

  test('between two transactions, or just as the next one begins', async () => {
    for (let lost = 0; lost < POOL_SIZE + 2; lost += 1) {
      await useAllAtLast();
      const losing = loseAll();
      await Promise.allSettled(
        Array.from({ length: POOL_SIZE }, () => database.read(newId(), (em) => em.execute('select 1'))),
      );
      await losing;
    }
    await useAllAtLast();
  });

  test('a refused statement is no lost connection: its transaction is rolled back, and the connection goes on', async () => {
    for (let refused = 0; refused < POOL_SIZE + 2; refused += 1) {
      await expect(database.read(newId(), (em) => em.execute('select 1 / 0'))).rejects.toThrow(/division by zero/);
    }
    await useAll();
  });
});
