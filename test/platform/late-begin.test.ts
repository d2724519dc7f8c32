import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool, type PoolClient } from 'pg';
import { beginLate } from '../../src/platform/database/late-begin.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const SETTING = "select set_config('app.organization', 'somebody', true)";
const WHO = "select current_setting('app.organization', true) as who";

describe('a transaction that begins late', () => {
  let database: TestDatabase;
  let pool: Pool;
  /** What was sent to the server, message by message. */
  let sent: unknown[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new Pool({ connectionString: database.adminUrl, max: 1 });
    pool.on('connect', (client) => record(client));
    beginLate(pool);
    await pool.query('create table things (id int primary key)');
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  function record(client: PoolClient): void {
    const query: unknown = Reflect.get(client, 'query');
    if (typeof query !== 'function') throw new Error('a client has no query');
    Reflect.set(client, 'query', (...parameters: unknown[]): unknown => {
      sent.push(parameters[0]);
      return Reflect.apply(query, client, parameters);
    });
  }

  async function withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    sent = [];
    try {
      return await work(client);
    } finally {
      client.release();
    }
  }

  test('sends BEGIN, the setting and the first statement together, and answers with that statement’s rows', async () => {
    await withClient(async (client) => {
      await client.query('start transaction read only');
      await client.query(SETTING);
      expect((await client.query(WHO)).rows).toEqual([{ who: 'somebody' }]);
      expect((await client.query('show transaction_read_only')).rows).toEqual([{ transaction_read_only: 'on' }]);
      await client.query('commit');
      expect(sent).toEqual([`start transaction read only; ${SETTING}; ${WHO}`, 'show transaction_read_only', 'commit']);
    });
  });

  test('lets the setting end with the transaction', async () => {
    await withClient(async (client) => {
      await client.query('begin');
      await client.query(SETTING);
      await client.query('insert into things values (1)');
      await client.query('rollback');
      expect((await client.query(WHO)).rows).toEqual([{ who: '' }]);
      expect((await client.query('select * from things')).rows).toEqual([]);
    });
  });

  test.each(['commit', 'rollback'])('sends nothing at all where nothing was asked before %s', async (end) => {
    await withClient(async (client) => {
      await client.query('begin');
      await client.query(SETTING);
      await client.query(end);
      expect(sent).toEqual([]);
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    });
  });

  test.each([
    ['insert into things values (2), (2)', '23505'],
    ['selekt', '42601'],
  ])(
    'hands on what is wrong with the first statement (%s), and can go on after a rollback',
    async (statement, code) => {
      await withClient(async (client) => {
        await client.query('begin');
        await client.query(SETTING);
        await expect(client.query(statement)).rejects.toMatchObject({ code });
        await client.query('rollback');
        expect((await client.query('select count(*)::int as n from things')).rows).toEqual([{ n: 0 }]);
      });
    },
  );

  test('keeps the order where the first statement brings its values along', async () => {
    await withClient(async (client) => {
      await client.query('begin');
      await client.query(SETTING);
      expect((await client.query(`${WHO}, $1::int as number`, [7])).rows).toEqual([{ who: 'somebody', number: 7 }]);
      await client.query('commit');
    });
  });

  test('leaves alone what is not in a transaction', async () => {
    await withClient(async (client) => {
      await client.query(SETTING);
      expect(sent).toEqual([SETTING]);
    });
    sent = [];
    expect((await pool.query(WHO)).rows).toEqual([{ who: '' }]);
    expect(sent).toEqual([WHO]);
  });
});
