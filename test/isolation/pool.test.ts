import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { pino } from 'pino';
import { inParallel } from '../../bench/support/concurrency.ts';
import { entities } from '../../src/entities.ts';
import { Database } from '../../src/platform/database/database.ts';
import { HotFunction } from '../../src/platform/database/hot-function.ts';
import { DATABASE_ROLES, ORGANIZATION_VARIABLE } from '../../src/platform/database/tenant-table.ts';
import { newId } from '../../src/platform/ids.ts';
import { Team } from '../../src/tenancy/entities.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Few connections and much to do: every connection serves one organization after the other. */
const POOL_SIZE = 4;
const OPERATIONS = 600;
/** Some wait for a connection all the time, none for so long that it is told to come again. */
const CALLERS = 5 * POOL_SIZE;
const ORGANIZATIONS = Array.from({ length: 3 }, () => newId());

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const admin = new Client({ connectionString: testDatabase.adminUrl });
  await admin.connect();
  await admin.query(
    `create function countersign.seen_in_test(text) returns table (said text, seen uuid[]) language sql volatile as $$
       select current_setting('${ORGANIZATION_VARIABLE}', true), array_agg(distinct organization_id) from countersign.teams
     $$`,
  );
  await admin.end();
  database = Database.open({
    url: testDatabase.url,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: POOL_SIZE,
    logger: pino({ level: 'silent' }),
  });
  for (const organization of ORGANIZATIONS)
    await database.fork(organization).transactional((em) => addTeam(em, organization));
});

afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});

async function addTeam(em: EntityManager, organization: string): Promise<void> {
  const id = newId();
  await em.persist(em.create(Team, { id, organization, alias: id, name: 'A team', createdAt: new Date() })).flush();
}

/** Whose rows a transaction sees, and whose it says it is. */
async function seenIn(em: EntityManager): Promise<{ said: string | null; seen: string[] }> {
  const [row] = await em.execute<{ said: string | null; seen: string[] | null }[]>(
    `select nullif(current_setting('${ORGANIZATION_VARIABLE}', true), '') as said, (select array_agg(distinct organization_id) from countersign.teams) as seen`,
  );
  return { said: row?.said ?? null, seen: row?.seen ?? [] };
}

const SEEN = new HotFunction('countersign.seen_in_test', ['text']);
const FAILING = new HotFunction('pg_catalog.int4in', ['cstring']);

/** What goes on between requests: reads, writes, errors of every kind, rollbacks, transactions in transactions. */
const OPERATIONS_BY_KIND: Readonly<Record<string, (organization: string) => Promise<unknown>>> = {
  read: (organization) => database.read(organization, seenIn),
  write: (organization) =>
    database.fork(organization).transactional(async (em) => {
      await addTeam(em, organization);
      return seenIn(em);
    }),
  'write and fail': (organization) =>
    database.fork(organization).transactional(async (em) => {
      await addTeam(em, organization);
      throw new Error('taken back');
    }),
  'write into another organization': (organization) =>
    database
      .fork(organization)
      .transactional((em) => addTeam(em, ORGANIZATIONS.find((other) => other !== organization) ?? '')),
  'break the transaction': (organization) => database.read(organization, (em) => em.execute('select 1 / 0')),
  'lose the connection': (organization) =>
    database.read(organization, (em) => em.execute('select pg_terminate_backend(pg_backend_pid())')),
  'fail half-way in a nested transaction': (organization) =>
    database.fork(organization).transactional(async (em) => {
      await em.transactional((inner) => inner.execute('select 1 / 0')).catch(() => undefined);
      return seenIn(em);
    }),
  'single statement': async (organization) => {
    const rows = await database.single<{ said: string; seen: string[] }>(
      organization,
      `select current_setting('${ORGANIZATION_VARIABLE}', true) as said, array_agg(distinct organization_id) as seen from countersign.teams`,
    );
    return rows[0];
  },
  'single statement that fails': (organization) => database.single(organization, 'select 1 / 0'),
  'hot function': async (organization) => (await database.call(organization, SEEN, ['unused']))[0],
  'hot function that fails': (organization) => database.call(organization, FAILING, ['not a number']),
  'single read': async (organization) => {
    const teams = await database.fork(organization).find(Team, {});
    return { said: organization, seen: [...new Set(teams.map((team) => team.organization))] };
  },
};

const MUST_FAIL = new Set([
  'hot function that fails',
  'single statement that fails',
  'write and fail',
  'write into another organization',
  'break the transaction',
  'lose the connection',
]);

describe('connections that many organizations share', () => {
  test('never show one what belongs to another, whatever happened on them before', async () => {
    const kinds = Object.keys(OPERATIONS_BY_KIND);
    const results: { organization: string; kind: string; outcome: unknown }[] = [];
    await inParallel(OPERATIONS, CALLERS, async (index) => {
      const organization = ORGANIZATIONS[index % ORGANIZATIONS.length] ?? '';
      const kind = kinds[Math.floor(index / ORGANIZATIONS.length) % kinds.length] ?? '';
      const outcome = await OPERATIONS_BY_KIND[kind]?.(organization).then(
        (value) => ({ value }),
        () => ({ failed: true }),
      );
      results.push({ organization, kind, outcome });
    });
    expect(results).toHaveLength(OPERATIONS);
    for (const { organization, kind, outcome } of results) {
      expect({ kind, outcome }).toEqual({
        kind,
        outcome: MUST_FAIL.has(kind) ? { failed: true } : { value: { said: organization, seen: [organization] } },
      });
    }
  });

  test('show nothing to whoever names no organization, right after somebody did', async () => {
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        ORGANIZATIONS.flatMap((organization) => [
          database.read(organization, seenIn),
          database.read(organization, seenIn),
        ]),
      );
      const seen = await Promise.all(Array.from({ length: POOL_SIZE }, () => database.read(null, seenIn)));
      expect(seen).toEqual(Array.from({ length: POOL_SIZE }, () => ({ said: null, seen: [] })));
      expect(await database.fork(null).find(Team, {})).toEqual([]);
    }
  });
});
