import type { EntityManager } from '@mikro-orm/postgresql';
import type { Database } from '../platform/database/database.ts';
import { CATALOGUE_VERSION } from './catalogue.ts';

/**
 * Has lines priced again where this program brings newer price lists than any before it: a list that was corrected corrects
 * what was booked with it, by lines of its own.
 * @param version dotted numbers
 * @returns how many organizations are looked through; 0 where the lists are the same, or older
 */
export async function adoptCatalogue(database: Database, version: string = CATALOGUE_VERSION): Promise<number> {
  const rows = await database.orm.em
    .getConnection()
    .execute<{ organizations: string }[]>('select countersign.adopt_price_catalogue(?) as organizations', [version]);
  return Number(rows[0]?.organizations ?? 0);
}

/**
 * Whether this program may price lines again: with older price lists than those that were adopted it would take back what newer
 * ones have put right.
 */
export async function mayPriceAgain(em: EntityManager, version: string = CATALOGUE_VERSION): Promise<boolean> {
  const rows = await em.execute<{ counts: boolean }[]>('select countersign.price_catalogue_counts(?) as counts', [
    version,
  ]);
  return rows[0]?.counts ?? false;
}
