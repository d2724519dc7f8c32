import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../platform/database/sql-arrays.ts';
import type { Sight } from './access.ts';

/** SQL about a request `a`, with its parameters. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/**
 * Where requests are looked for: each source is searched by an index of its own, newest first. One condition that is an OR
 * of all of them would have the database look through every request there is.
 */
export interface Source {
  /** What stands in the FROM clause besides `countersign.approvals a`. */
  readonly from?: Condition;
  readonly where?: Condition;
}

export interface Search {
  /** What must hold, whatever the source. */
  readonly conditions: readonly Condition[];
  readonly sources: readonly Source[];
}

export const EVERYWHERE: Source = {};

/** @returns ids of requests, newest first, each once */
export async function findNewest(
  em: EntityManager,
  organization: string,
  { conditions, sources, after, atMost }: Search & { after: string | null; atMost: number },
): Promise<string[]> {
  const all: readonly Condition[] = [
    { sql: 'a.organization_id = ?', params: [organization] },
    ...conditions,
    ...(after ? [{ sql: 'a.id < ?', params: [after] }] : []),
  ];
  const parts = sources.map((source) => newestOf(source, all, atMost));
  const params = [...parts.flatMap((part) => part.params), atMost];
  const rows = await em.execute<{ id: string }[]>(
    `select id from (${parts.map(({ sql }) => `(${sql})`).join(' union ')}) found order by id desc limit ?`,
    params,
  );
  return rows.map((row) => row.id);
}

function newestOf({ from, where }: Source, conditions: readonly Condition[], atMost: number): Condition {
  const all = where ? [...conditions, where] : conditions;
  const newest = `select a.id from countersign.approvals a where ${all.map(({ sql }) => sql).join(' and ')} order by a.id desc limit ?`;
  const params = [...all.flatMap((condition) => condition.params), atMost];
  return from
    ? {
        sql: `select newest.id from ${from.sql} cross join lateral (${newest}) newest`,
        params: [...from.params, ...params],
      }
    : { sql: newest, params };
}

/** Requests of the teams that somebody sees all of, and those that concern them. */
export function sourcesWithin({ teams, person, key }: Sight): Source[] {
  const own = (column: string, value: string): Source => ({ where: { sql: `a.${column} = ?`, params: [value] } });
  return [
    {
      from: { sql: 'unnest(?::uuid[]) seen(team)', params: [plainArray(teams)] },
      where: { sql: 'a.team_id = seen.team', params: [] },
    },
    own('creator_key_id', key),
    ...(person === null
      ? []
      : [
          own('requester_id', person),
          own('creator_id', person),
          { where: askedEver(person) },
          { where: askedInsteadOf(person) },
        ]),
  ];
}

export function waitingFor(person: string): Condition {
  return {
    sql: 'a.id in (select k.approval_id from countersign.approval_asks k where k.person_id = ? and k.pending)',
    params: [person],
  };
}

export function askedEver(person: string): Condition {
  return {
    sql: 'a.id in (select k.approval_id from countersign.approval_asks k where k.person_id = ?)',
    params: [person],
  };
}

/** Somebody else was asked because this person was absent. */
function askedInsteadOf(person: string): Condition {
  return {
    sql: 'a.id in (select k.approval_id from countersign.approval_asks k where k.on_behalf_of = ?)',
    params: [person],
  };
}
