import { Client } from 'pg';
import { plainArray } from '../../../src/platform/database/sql-arrays.ts';
import type { World } from './ledger-world.ts';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Does beside a crowd what the worker and those do who change budgets: frees holds, recalls parts, and brings every account up to
 * date with its organization's books for itself.
 * @returns how often
 */
export async function careFor(world: World, adminUrl: string, done: AbortSignal): Promise<number> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  let turns = 0;
  try {
    for (; !done.aborted; turns += 1) {
      await client.query('select countersign.sweep_reservations($1, now(), 20)', [BEFORE_ALL]);
      await client.query('select countersign.recall_next_budget($1, now())', [BEFORE_ALL]);
      await bringUpToDate(client, world);
    }
  } finally {
    await client.end();
  }
  return turns;
}

async function bringUpToDate(client: Client, { organization, paths, budgets }: World): Promise<void> {
  await client.query('begin');
  await client.query(`select set_config('app.organization', $1, true)`, [organization]);
  await client.query('select countersign.lock_budget_books(true)');
  for (const { period, team } of budgets) {
    const below = [...paths].filter(([, path]) => path.includes(team)).map(([id]) => id);
    await client.query('select countersign.gather_budgets(array[$1::uuid], now())', [period]);
    await client.query('select countersign.adopt_holds($1, $2, now())', [
      period,
      team === organization ? null : plainArray(below),
    ]);
    await client.query('select countersign.note_budget_crossings(array[$1::uuid], now())', [period]);
  }
  await client.query('commit');
}
