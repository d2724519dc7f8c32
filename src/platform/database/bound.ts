import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';

/**
 * Runs a statement whose values travel beside it. The ORM writes them into its text, quoted letter by letter: with thousands of
 * rows in a value that takes as long as everything else.
 * @param sql with a `?` for each value, and no other question marks
 */
export async function executeBound<Row extends object>(
  em: EntityManager,
  sql: string,
  values: readonly unknown[],
): Promise<Row[]> {
  let place = 0;
  const numbered = sql.replaceAll('?', () => `$${(place += 1)}`);
  const { rows } = await em.getKysely().executeQuery(CompiledQuery.raw(numbered, [...values]));
  return rows as Row[];
}
