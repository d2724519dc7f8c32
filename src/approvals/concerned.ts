import type { EntityManager } from '@mikro-orm/postgresql';
import { roleReach } from '../tenancy/service.ts';

/**
 * Open stages that ask the person or somebody in whose place they are asked, name them, ask for a role that they hold where
 * it counts, or for their manager. Parameters: what they hold, then the person four times.
 */
const CONCERNED = `
  select approval_id as id from countersign.approval_asks where pending and (person_id = ? or on_behalf_of = ?)
  union
  select request.id from countersign.approvals request
  join countersign.approval_stages stage on stage.approval_id = request.id and stage.revision = request.revision and stage.state = 'open'
  cross join lateral (select request.chain->'stages'->stage.stage_index as rule) chain
  cross join lateral (select rule->'approvers' || case when stage.escalated then rule->'escalateTo' else '[]' end as named) rules
  where request.state = 'pending' and (
    named @> jsonb_build_array(jsonb_build_object('person', ?::text))
    or request.requester_id = ? and named @> '[{"role": "manager"}]'
    or exists (
      select from jsonb_to_recordset(?::jsonb) as held (role text, teams uuid[])
      where request.team_id = any(held.teams) and named @> jsonb_build_array(jsonb_build_object('role', held.role))))`;

/**
 * The open requests that may ask other people once a person was changed: whoever gains a role may be the one that a stage
 * waits for. Requests of other teams, and those that wait for nothing the person has, are left alone.
 */
export async function requestsConcerning(em: EntityManager, organization: string, person: string): Promise<string[]> {
  const held = await roleReach(em, organization, person);
  const rows = await em.execute<{ id: string }[]>(CONCERNED, [person, person, person, person, JSON.stringify(held)]);
  return rows.map((row) => row.id);
}
