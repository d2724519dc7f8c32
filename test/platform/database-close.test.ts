import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { entities } from '../../src/entities.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { newId } from '../../src/platform/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const POOL_SIZE = 3;

let place: TestDatabase;
let database: Database;

beforeAll(async () => {
  place = await createTestDatabase();
});

afterAll(() => place?.drop());

function open(url = place.url): Database {
  return Database.open({
    url,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: POOL_SIZE,
    logger: pino({ level: 'silent' }),
  });
}

async function askOnAll(): Promise<unknown[]> {
  const answers = await Promise.all(
    Array.from({ length: POOL_SIZE }, () =>
      database.read(newId(), (em) => em.execute<{ one: number }[]>('select 1 as one')),
    ),
  );
  return answers.map(([row]) => row?.one);
}

/** Resolves as soon as the pool opens its connections; none of them is there yet. */
async function opening(): Promise<void> {
  while ((await database.poolUse()).totalCount < POOL_SIZE) await new Promise(setImmediate);
}

describe('closing a database', () => {
  test('while its connections are being opened waits for what they were opened for', async () => {
    database = open();
    const asked = askOnAll();
    await opening();
    await database.close();
    expect(await asked).toEqual([1, 1, 1]);
    expect(await database.poolUse()).toEqual({ totalCount: 0, idleCount: 0, waitingCount: 0 });
  });

  test('twice, or one that was never used and could not be reached, is no mistake, and nothing opens it again', async () => {
    database = open('postgres://nobody@127.0.0.1:1/nowhere');
    await Promise.all([database.close(), database.close()]);
    await database.close();
    await expect(askOnAll()).rejects.toThrow();
    expect((await database.poolUse()).totalCount).toBe(0);
  });
});
