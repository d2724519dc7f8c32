import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../src/platform/observability/log.ts';
import { UsageUpkeep } from '../../src/usage/service.ts';
import { event, Office } from './api/support/office.ts';

let office: Office;
const logged: { msg: string; months?: string[] }[] = [];
const strays: number[] = [];

beforeAll(async () => {
  office = await Office.open();
  await office.report([event()]);
});

afterAll(() => office?.close());

beforeEach(() => {
  logged.length = 0;
  strays.length = 0;
});

const upkeep = (atOnce?: number) =>
  new UsageUpkeep({
    database: office.system.core.database,
    logger: createLogger({ logLevel: 'info' }, { write: (line) => logged.push(JSON.parse(line)) }),
    onStray: (lines) => strays.push(lines),
    ...(atOnce ? { atOnce } : {}),
  });

const count = async (sql: string, params: readonly unknown[] = []) =>
  (await office.rows<{ n: number }>(`select count(*)::int as n from ${sql}`, params))[0]!.n;

describe('ids of events', () => {
  const known = (days: number, many: number) =>
    office.rows(
      `insert into countersign.usage_ids select organization_id, gen_random_uuid(), gen_random_uuid(), batch, now() - $1::interval
       from countersign.ledger_lines, generate_series(1, $2) limit $2`,
      [`${days * 24} hours`, many],
    );

  test('are forgotten 120 days after their event, all of them, however many there are at once', async () => {
    await known(119.9, 5);
    await known(120.1, 50);
    const before = await count('countersign.usage_ids');
    expect(await upkeep(7).forgetIds(new AbortController().signal)).toBe(50);
    expect(await count('countersign.usage_ids')).toBe(before - 50);
    expect(await upkeep(7).forgetIds(new AbortController().signal)).toBe(0);
  });

  test('are forgotten by several at once without one waiting for the other', async () => {
    await known(121, 40);
    const signal = new AbortController().signal;
    const forgotten = await Promise.all([upkeep(3).forgetIds(signal), upkeep(3).forgetIds(signal)]);
    expect(forgotten[0] + forgotten[1]).toBe(40);
  });

  test('are left for the next time where the process ends', async () => {
    await known(121, 3);
    expect(await upkeep().forgetIds(AbortSignal.abort())).toBe(0);
    expect(await upkeep().forgetIds(new AbortController().signal)).toBe(3);
  });
});

describe('the months of the ledger', () => {
  const month = (ahead: number) => {
    const now = new Date();
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 15));
  };
  const name = (ahead: number) => `lines_${month(ahead).toISOString().slice(0, 7).replace('-', '_')}`;
  const partitions = async () =>
    (
      await office.rows<{ name: string }>(
        `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'countersign.ledger_lines'::regclass order by 1`,
      )
    ).map((row) => row.name);
  const all = [-4, -3, -2, -1, 0, 1, 2].map(name);
  const spentIn = (ahead: number) =>
    office.rows(
      `insert into countersign.ledger_lines select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'occurred_at', $1::timestamptz))).*
       from countersign.ledger_lines l limit 1`,
      [month(ahead)],
    );

  test('are made from four months back to two ahead, and again where one is missing', async () => {
    expect(await partitions()).toEqual([...all, 'lines_default'].toSorted());
    await office.rows(`drop table ledger.${name(2)}`);
    expect([await upkeep().makePartitions(), await upkeep().makePartitions()]).toEqual([1, 0]);
    expect(await partitions()).toEqual([...all, 'lines_default'].toSorted());
    expect({ logged, strays }).toEqual({ logged: [], strays: [0, 0] });
  });

  test('are left unmade where the default partition has lines of one; somebody is told, and the docs say how to move them', async () => {
    await office.rows(`drop table ledger.${name(2)}`);
    for (const ahead of [2, 2, 7]) await spentIn(ahead);
    expect(await upkeep().makePartitions()).toBe(0);
    expect(await partitions()).not.toContain(name(2));
    expect(strays).toEqual([3]);
    expect(logged).toMatchObject([{ months: [2, 7].map((ahead) => month(ahead).toISOString().slice(0, 7)) }]);
    const document = await readFile(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8');
    const [, sql] = /^```sql\n-- stray lines\n(.*?)^```/ms.exec(document)!;
    const lines = await office.rows('select id, cost, occurred_at from countersign.ledger_lines order by id');
    await office.rows(sql!);
    expect(await office.rows('select id, cost, occurred_at from countersign.ledger_lines order by id')).toEqual(lines);
    expect(await count(`ledger.${name(2)}`)).toBe(2);
    await upkeep().makePartitions();
    // That of a month that is not near has to be made by hand.
    expect(strays).toEqual([3, 1]);
    expect(
      await office.rows(`select relrowsecurity, relforcerowsecurity from pg_class where relname = 'lines_default'`),
    ).toEqual([{ relrowsecurity: true, relforcerowsecurity: true }]);
  });
});
