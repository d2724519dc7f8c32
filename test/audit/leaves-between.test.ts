import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EDGES, leavesBetween } from '../../src/audit/proof-store.ts';
import { LogWorld } from './support/log-world.ts';

const LEAVES = 200_000;
const FIRST = Date.parse('2026-01-01T00:00:00Z');
const BETWEEN_MS = 100_000;
const DAY_MS = 86_400_000;

interface Plan {
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
}

let world: LogWorld;
let organization: string;

beforeAll(async () => {
  world = await LogWorld.open();
  organization = await world.organization();
  const other = await world.organization();
  const add = (sql: string, values: unknown[]) =>
    world.admin.query(
      `insert into countersign.audit_leaves (organization_id, leaf_index, entry_id, at, leaf_hash) ${sql}`,
      values,
    );
  // The other one's lie between them, as they would where both are busy; so do those that were sealed late: each thousandth by a day.
  await add(
    `select o, n, gen_random_uuid(), $3::timestamptz + n * interval '100 seconds' - case when n % 1000 = 999 then interval '1 day' else interval '0' end, '\\x00'
     from generate_series(0, $4 - 1) n, unnest(array[$1::uuid, $2::uuid]) o`,
    [organization, other, new Date(FIRST), LEAVES],
  );
  await world.admin.query(`select brin_summarize_new_values('countersign.audit_leaves_at_brin')`);
  await world.admin.query('analyze countersign.audit_leaves');
});

afterAll(() => world?.close());

function between(from: Date, to: Date) {
  return world.work.read(organization, (em) => leavesBetween(em, organization, from, to));
}

async function stretchOf(from: Date, to: Date) {
  const { rows } = await world.admin.query<{ start: number | null; end: number | null }>(
    'select min(leaf_index)::int as start, max(leaf_index)::int + 1 as end from countersign.audit_leaves where organization_id = $1 and at >= $2 and at < $3',
    [organization, from, to],
  );
  const [row] = rows;
  return row?.start == null ? null : row;
}

describe('the leaves of a time', () => {
  test.each([
    ['an hour', 100.5, 1 / 24],
    ['a day at the beginning', 0, 1],
    ['a month', 31, 28],
    ['half a year', 20, 180],
    ['all of it, and ten years around it', -1_825, 3_650],
    ['before the first one', -10, 5],
    ['no time at all', 50, 0],
  ])('%s: are found, those that were sealed late too', async (_what, day, days) => {
    const [from, to] = [new Date(FIRST + day * DAY_MS), new Date(FIRST + (day + days) * DAY_MS)];
    expect(await between(from, to)).toEqual(await stretchOf(from, to));
  });

  test('are found without going through the log: a day of it reads a small part of its pages, wherever it lies', async () => {
    const { rows } = await world.admin.query<{ pages: number }>(
      `select relpages as pages from pg_class where oid = 'countersign.audit_leaves'::regclass`,
    );
    for (const day of [0, 115, 230]) {
      const from = new Date(FIRST + day * DAY_MS);
      const [explained] = await world.work.read(organization, (em) =>
        em.execute<{ 'QUERY PLAN': readonly { Plan: Plan }[] }[]>(`explain (analyze, buffers, format json) ${EDGES}`, [
          organization,
          from.toISOString(),
          new Date(from.getTime() + DAY_MS).toISOString(),
        ]),
      );
      const plan = explained!['QUERY PLAN'][0]!.Plan;
      expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(rows[0]!.pages / 5);
    }
    expect(LEAVES * BETWEEN_MS).toBeGreaterThan(231 * DAY_MS);
  });
});
