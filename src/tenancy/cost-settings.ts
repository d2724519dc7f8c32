import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../platform/database/sql-arrays.ts';
import { chargeBackOf, type CostSettings, type Division, poolOf } from './rules/cost-division.ts';

/** A team, and what its own billing settings say of who bears its cost; null: nothing. */
export interface TeamCostSettings {
  readonly id: string;
  readonly alias: string;
  readonly name: string;
  readonly parent: string | null;
  /** The teams that it shares its cost with, by the ids that callers gave them. */
  readonly pool: Division | null;
  readonly costCenter: string | null;
  /** Several cost centres, by name. */
  readonly chargeBack: Division | null;
}

interface Row {
  readonly id: string;
  readonly alias: string;
  readonly name: string;
  readonly parent_id: string | null;
  readonly settings: CostSettings | null;
}

/** What a team said when a time ended. Parameter: the end, which no longer belongs to it. */
const SAID_BY = `
  left join lateral (
    select v.settings, v.sharers from countersign.cost_settings_versions v
    where v.organization_id = t.organization_id and v.team_id = t.id and v.holds_from < ? order by v.version desc limit 1
  ) said on true`;

/**
 * Every team of the organization.
 * @param until what held when this time ended
 */
export async function costSettingsOf(
  em: EntityManager,
  organization: string,
  until: Date,
): Promise<TeamCostSettings[]> {
  const rows = await em.execute<Row[]>(
    `select t.id, t.alias, t.name, t.parent_id, said.settings from countersign.teams t ${SAID_BY} where t.organization_id = ?`,
    [until, organization],
  );
  return rows.map(settingsOf);
}

/**
 * These teams, everything above them, every pool that shares its cost with one of them, and the teams that share it: all that
 * it takes to say what they are charged, unless cost centres are compared by what their teams have spent.
 * @param teams internal ids
 * @param until as for `costSettingsOf`
 */
export async function costSettingsAround(
  em: EntityManager,
  organization: string,
  teams: readonly string[],
  until: Date,
): Promise<TeamCostSettings[]> {
  const rows = await em.execute<Row[]>(
    `with recursive up(id) as (
       select id from countersign.teams where id = any(?::uuid[])
       union
       select t.parent_id from countersign.teams t join up on t.id = up.id where t.parent_id is not null
     ), near as (
       select t.id, said.settings, said.sharers from countersign.teams t ${SAID_BY}
       where t.id in (
         select id from up
         union select v.team_id from countersign.cost_settings_versions v
         where v.organization_id = ? and v.sharers is not null and v.sharers && (select array_agg(alias::text) from countersign.teams where id = any(?::uuid[]))
       )
     )
     select t.id, t.alias, t.name, t.parent_id, near.settings from countersign.teams t left join near on near.id = t.id
     where t.organization_id = ? and (near.id is not null or t.alias in (select unnest(sharers) from near))`,
    [plainArray(teams), until, organization, plainArray(teams), organization],
  );
  return rows.map(settingsOf);
}

function settingsOf({ id, alias, name, parent_id: parent, settings }: Row): TeamCostSettings {
  const said = settings ?? {};
  return {
    id,
    alias,
    name,
    parent,
    pool: poolOf(said),
    costCenter: said.cost_center ?? null,
    chargeBack: chargeBackOf(said),
  };
}
