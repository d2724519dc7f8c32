import type { Database } from '../platform/database/database.ts';
import { CATALOGUE_VERSION } from './catalogue.ts';

/**
 * Has lines priced again where this program brings other price lists than the one that ran before it: a list that was
 * corrected corrects what was booked with it, by lines of its own.
 * @returns how many organizations are looked through; 0 where the lists are the same
 */
export async function adoptCatalogue(database: Database, version: string = CATALOGUE_VERSION): Promise<number> {
  const rows = await database.orm.em
    .getConnection()
    .execute<{ organizations: string }[]>('select countersign.adopt_price_catalogue(?) as organizations', [version]);
  return Number(rows[0]?.organizations ?? 0);
}
