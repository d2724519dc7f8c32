import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { entities } from '../../src/entities.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { Unavailable } from '../../src/platform/errors.ts';
import { newId } from '../../src/platform/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Proxy } from './support/proxy.ts';

const POOL_SIZE = 3;
const SILENCE_MS = 500;

let place: TestDatabase;
let proxy: Proxy;
let database: Database;

beforeAll(async () => {
  place = await createTestDatabase();
  const url = new URL(place.url);
  proxy = await Proxy.to(url.hostname, Number(url.port));
  url.port = String(proxy.port);
  database = Database.open({
    url: url.href,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: POOL_SIZE,
    logger: pino({ level: 'silent' }),
    silenceMs: SILENCE_MS,
  });
});

afterAll(async () => {
  await database?.close();
  await proxy?.cut();
  await place?.drop();
});

function useAll() {
  return Promise.all(
    Array.from({ length: POOL_SIZE }, () =>
      database.read(newId(), (em) => em.execute<{ one: number }[]>('select 1 as one')),
    ),
  );
}

describe('a database that has fallen silent', () => {
  test('is taken for gone after a while, whatever was asked, and is used again as soon as it answers', async () => {
    for (let round = 0; round < 3; round += 1) {
      expect((await useAll()).map(([row]) => row?.one)).toEqual([1, 1, 1]);
      proxy.freeze();
      const began = performance.now();
      const asked = await Promise.allSettled([
        database.read(newId(), (em) => em.execute('select 1')),
        database
          .fork(newId())
          .transactional((em) => em.execute('select 1'))
          .catch((error: unknown) => database.reach(() => Promise.reject(error))),
        database.ping(),
      ]);
      for (const one of asked) expect(one).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) });
      expect(performance.now() - began).toBeLessThan(SILENCE_MS * 10);
      proxy.thaw();
    }
    expect((await useAll()).map(([row]) => row?.one)).toEqual([1, 1, 1]);
  });
});
