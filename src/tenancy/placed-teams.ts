import type { EntityManager } from '@mikro-orm/postgresql';
import { MAX_TEAM_DEPTH } from './teams.ts';

/** A team, with what has to be known to book something on it. */
export interface PlacedTeam {
  readonly id: string;
  /** The team and everything above it, nearest first, the organization's root last. */
  readonly path: readonly string[];
  /** Its own currency, or the nearest parent's. */
  readonly currency: string;
}

/** Many teams in one statement, by the ids that callers gave them; one that is unknown is missing from the map. */
export async function placedTeams(
  em: EntityManager,
  organization: string,
  aliases: Iterable<string>,
): Promise<Map<string, PlacedTeam>> {
  const rows = await em.execute<{ alias: string; path: string[]; currency: string | null }[]>(
    `with recursive up(alias, id, parent_id, currency, distance) as (
       select alias, id, parent_id, currency, 0 from countersign.teams where organization_id = ? and alias = any(?::text[])
       union all
       select up.alias, t.id, t.parent_id, t.currency, distance + 1
       from up join countersign.teams t on t.id = up.parent_id where distance < ?
     )
     select alias, array_agg(id order by distance) as path,
       (array_agg(currency order by distance) filter (where currency is not null))[1] as currency
     from up group by alias`,
    [organization, `{${[...aliases].join(',')}}`, MAX_TEAM_DEPTH],
  );
  return new Map(
    rows.map(({ alias, path, currency }) => [
      alias,
      { id: path[0]!, path: [...path, organization], currency: currency ?? 'USD' },
    ]),
  );
}
