import { comparable, ROLLUPS, ROLLUPS_OF_LEDGER } from '../../test/usage/support/books.ts';
import type { DatabaseView } from './database-view.ts';

const KEY = ['length', 'team_id', 'hour', 'person_id', 'provider', 'model', 'currency'];

/**
 * Compares every rollup of an hour or a day, its sums and its histogram, with the lines of the ledger counted anew.
 * @returns how many there are to be, and how many are wrong, missing or too many
 */
export async function compareRollups(database: DatabaseView): Promise<{ rollups: number; wrong: number }> {
  const stored = await rollupsBy(database, ROLLUPS);
  const counted = await rollupsBy(database, ROLLUPS_OF_LEDGER);
  const wrong = [...new Set([...stored.keys(), ...counted.keys()])].filter(
    (key) => stored.get(key) !== counted.get(key),
  );
  return { rollups: counted.size, wrong: wrong.length };
}

async function rollupsBy(database: DatabaseView, sql: string): Promise<Map<string, string>> {
  const rows = await database.rows<Record<string, unknown>>(sql);
  const texts = comparable(rows).map((row) => JSON.stringify(row));
  return new Map(rows.map((row, index) => [JSON.stringify(KEY.map((name) => row[name])), texts[index]!]));
}
