import type { EntityManager } from '@mikro-orm/postgresql';
import { Forbidden } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { demand, may, seesAll, teamPath, teamsDownwards, teamsWhere } from '../../tenancy/service.ts';

const READ = 'audit.read';

/**
 * The teams whose entries the caller may read, those below them included; null: every entry there is.
 * @throws Forbidden where there are none
 */
export async function teamsInSight(em: EntityManager, caller: Caller): Promise<string[] | null> {
  if (seesAll(caller, READ)) return null;
  demandSomewhere(caller);
  return teamsDownwards(em, caller.kind === 'service' ? [caller.team ?? ''] : teamsWhere(caller, READ));
}

/**
 * What tells nothing of any entry (sizes, roots, keys) is shown to whoever may read the log of a single team.
 * @throws Forbidden
 */
export function demandSomewhere(caller: Caller): void {
  const somewhere = caller.kind === 'person' ? teamsWhere(caller, READ).length > 0 : true;
  if (!somewhere) demand(caller, READ, []);
}

/** @throws Forbidden for whoever does not hold the permission for the whole organization */
export function demandEverywhere(caller: Caller): void {
  if (seesAll(caller, READ)) return;
  throw new Forbidden(
    'This takes the permission to read the audit log of the whole organization: a role held in its root, or a service’s key that is bound to no team.',
  );
}

/**
 * @param team of an entry; null where it belongs to the organization as a whole
 * @throws Forbidden
 */
export async function demandSight(em: EntityManager, caller: Caller, team: string | null): Promise<void> {
  if (seesAll(caller, READ)) return;
  if (team !== null && may(caller, READ, await teamPath(em, caller.organization, team))) return;
  throw new Forbidden('This entry belongs to no team whose audit log you may read.');
}
