import type { EntityManager } from '@mikro-orm/postgresql';
import type { Role } from './rules/roles.ts';

/** A role that a person holds, and the ids of all teams in which it counts: where it is held, and everything below. */
export interface RoleReach {
  readonly role: Role;
  readonly teams: readonly string[];
}

/** Parameters: the person, the organization (whose root stands above every team). */
const REACH = `
  with recursive held(role, team_id) as (
    select role, team_id from countersign.memberships cross join unnest(roles) as role where person_id = ?
  ), reach(role, team_id) as (
    select held.role, teams.id from held join countersign.teams on teams.id = held.team_id or held.team_id = ?
    union
    select reach.role, teams.id from countersign.teams join reach on teams.parent_id = reach.team_id
  )
  select role, jsonb_agg(team_id) as teams from reach group by role`;

/** Where what a person holds counts. */
export function roleReach(em: EntityManager, organization: string, person: string): Promise<RoleReach[]> {
  return em.execute<RoleReach[]>(REACH, [person, organization]);
}
