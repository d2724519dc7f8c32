import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest, NotFound } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { isUuid } from '../../platform/ids.ts';
import { type People, teamByAlias } from '../../tenancy/service.ts';
import { demandSight, teamsInSight } from './sight.ts';

/** What a caller looks for, in the ids that callers know. */
export interface EntryFilter {
  readonly team_id?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
  readonly outcome?: 'success' | 'denied' | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The same in internal ids, and no further than the caller may see. What is undefined is not asked about. */
export interface EntryCondition {
  readonly teams?: readonly string[];
  readonly team?: string;
  readonly actors?: readonly string[];
  readonly action?: string;
  readonly resources?: readonly string[];
  readonly outcome?: 'success' | 'denied';
  /** From this moment on, up to, and without, the other. */
  readonly from?: Date;
  readonly to?: Date;
}

/**
 * @throws Forbidden, NotFound for a team that is not there, InvalidRequest where `from` is not before `to`
 */
export async function conditionOf(
  em: EntityManager,
  people: People,
  caller: Caller,
  filter: EntryFilter,
): Promise<EntryCondition> {
  const { organization } = caller;
  const [from, to] = [dateOf(filter.from), dateOf(filter.to)];
  if (from && to && from >= to) throw new InvalidRequest([{ path: 'query.to', message: 'must be later than `from`' }]);
  const teams = await teamsInSight(em, caller);
  return {
    ...(teams && { teams }),
    ...(filter.team_id !== undefined && { team: await readableTeam(em, caller, filter.team_id) }),
    ...(filter.actor !== undefined && {
      actors: (await idsMeant(em, people, organization, filter.actor, { teams: false })).filter(isUuid),
    }),
    ...(filter.action !== undefined && { action: filter.action }),
    ...(filter.resource !== undefined && {
      resources: await idsMeant(em, people, organization, filter.resource, { teams: true }),
    }),
    ...(filter.outcome !== undefined && { outcome: filter.outcome }),
    ...(from && { from }),
    ...(to && { to }),
  };
}

async function readableTeam(em: EntityManager, caller: Caller, alias: string): Promise<string> {
  const { id } = await teamByAlias(em, caller.organization, alias);
  await demandSight(em, caller, id);
  return id;
}

/** A caller's id can look like an internal one, and a team can be called what a user is called: all of them are meant. */
async function idsMeant(
  em: EntityManager,
  people: People,
  organization: string,
  id: string,
  look: { teams: boolean },
): Promise<string[]> {
  const person = await people.byAlias(em, organization, id);
  const team = look.teams ? await findTeam(em, organization, id) : null;
  return [isUuid(id) ? id.toLowerCase() : id, ...(person ? [person.id] : []), ...(team === null ? [] : [team])];
}

async function findTeam(em: EntityManager, organization: string, alias: string): Promise<string | null> {
  try {
    return (await teamByAlias(em, organization, alias)).id;
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
