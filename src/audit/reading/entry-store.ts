import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../../platform/database/sql-arrays.ts';
import type { Place } from './cursor.ts';
import type { EntryCondition } from './entry-filter.ts';

/** An entry as it is stored, and its place in the log once it is sealed. */
export interface StoredEntry extends Place {
  readonly leaf: string;
  readonly sealed: Buffer | null;
  readonly seq: number | null;
}

interface EntryRow {
  readonly id: string;
  readonly at: string;
  readonly leaf: string;
  readonly sealed: Buffer | null;
  readonly seq: string | null;
}

interface SqlPart {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** Entries that meet the condition, newest first. */
export async function findEntries(
  em: EntityManager,
  organization: string,
  condition: EntryCondition,
  page: { before: Place | null; limit: number },
): Promise<StoredEntry[]> {
  const newest = newestOf([
    { sql: 'e.organization_id = ?', params: [organization] },
    ...sqlOf(condition),
    ...(page.before ? [before(page.before)] : []),
  ]);
  const { sql, params } =
    condition.teams && condition.team === undefined ? ofEach(condition.teams, newest, page.limit) : newest(page.limit);
  const rows = await em.execute<EntryRow[]>(
    `select e.id, e.at, e.leaf, e.sealed, l.leaf_index as seq from (${sql}) e
     left join countersign.audit_leaves l on l.organization_id = ? and l.entry_id = e.id and l.at = e.at order by e.at desc, e.id desc`,
    [...params, organization],
  );
  return rows.map(({ seq, at, ...row }) => ({ ...row, at: new Date(at), seq: seq === null ? null : Number(seq) }));
}

/** The newest entries that meet all of these. */
function newestOf(parts: readonly SqlPart[]): (limit: number, more?: string) => SqlPart {
  return (limit, more = 'true') => ({
    sql: `select e.id, e.at, e.leaf, e.sealed from countersign.audit_entries e
      where ${parts.map(({ sql }) => sql).join(' and ')} and ${more} order by e.at desc, e.id desc limit ?`,
    params: [...parts.flatMap(({ params }) => params), limit],
  });
}

/**
 * The newest of each team, and of these the newest: with all teams in one condition, PostgreSQL goes through the entries of
 * everybody until it has found enough of theirs.
 */
function ofEach(teams: readonly string[], newest: ReturnType<typeof newestOf>, limit: number): SqlPart {
  const one = newest(limit, 'e.team_id = sight.team');
  return {
    sql: `select e.* from unnest(?::uuid[]) sight(team) cross join lateral (${one.sql}) e order by e.at desc, e.id desc limit ?`,
    params: [plainArray(teams), ...one.params, limit],
  };
}

function sqlOf(condition: EntryCondition): SqlPart[] {
  const { teams, team, actors, action, resources, outcome, from, to } = condition;
  const parts: (SqlPart | false | undefined)[] = [
    teams && team !== undefined && { sql: 'e.team_id = any(?::uuid[])', params: [plainArray(teams)] },
    team !== undefined && { sql: 'e.team_id = ?', params: [team] },
    actors && { sql: 'e.actor_id = any(?::uuid[])', params: [plainArray(actors)] },
    action !== undefined && { sql: 'e.action = ?', params: [action] },
    resources && {
      sql: 'e.resource_id in (select json_array_elements_text(?::json))',
      params: [JSON.stringify(resources)],
    },
    outcome !== undefined && { sql: 'e.outcome = ?', params: [outcome] },
    from && { sql: 'e.at >= ?', params: [from] },
    to && { sql: 'e.at < ?', params: [to] },
  ];
  return parts.filter((part) => typeof part === 'object');
}

/** The moment by itself lets partitions after it be passed over. */
function before({ at, id }: Place): SqlPart {
  return { sql: 'e.at <= ? and (e.at, e.id) < (?, ?)', params: [at, at, id] };
}
