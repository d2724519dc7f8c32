import type { EntityManager } from '@mikro-orm/postgresql';
import { isUuid } from '../../platform/ids.ts';
import { type People, teamAliases } from '../../tenancy/service.ts';
import type { LeafFields } from '../rules/leaf-fields.ts';

/** The ids by which callers know what a leaf names; null where there is none (any more). */
export interface EntryIds {
  readonly actor: string | null;
  readonly onBehalfOf: string | null;
  readonly resource: string | null;
  readonly team: string | null;
}

/** Finds the ids of all these entries, with one query for people and one for teams. Other things are known by one id only. */
export async function resolveIds(
  em: EntityManager,
  people: People,
  organization: string,
  entries: readonly LeafFields[],
): Promise<EntryIds[]> {
  const persons = await people.profiles(em, organization, entries.flatMap(personsIn));
  const teams = await teamAliases(em, entries.flatMap(teamsIn));
  const idOf = (type: string, ref: string | null): string | null => {
    if (ref === null) return null;
    if (type === 'person') return persons.of(ref).alias;
    return type === 'team' ? (teams.get(ref) ?? null) : ref;
  };
  return entries.map(({ actor, on_behalf_of: onBehalfOf, resource, team }) => ({
    actor: idOf(actor.type, actor.ref),
    onBehalfOf: idOf('person', onBehalfOf),
    resource: idOf(resource.type, resource.ref),
    team: idOf('team', team),
  }));
}

function personsIn({ actor, on_behalf_of: onBehalfOf, resource }: LeafFields): string[] {
  return [
    actor.type === 'person' ? actor.ref : null,
    onBehalfOf,
    resource.type === 'person' ? resource.ref : null,
  ].filter(isId);
}

function teamsIn({ resource, team }: LeafFields): string[] {
  return [resource.type === 'team' ? resource.ref : null, team].filter(isId);
}

function isId(ref: string | null): ref is string {
  return ref !== null && isUuid(ref);
}
