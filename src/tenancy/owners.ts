import type { EntityManager } from '@mikro-orm/postgresql';
import { Forbidden } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { rolesIn } from './authorize.ts';
import { type ApiKey, Membership } from './entities.ts';
import type { Role } from './rules/roles.ts';
import { teamPath } from './teams.ts';

/** Whether the caller is an owner in a team. The keys of owner and operator are, everywhere; a service is nowhere. */
export function isOwner(caller: Caller, path: readonly string[]): boolean {
  return caller.kind === 'operator' || caller.kind === 'owner' || rolesIn(caller, path).has('owner');
}

/**
 * Only an owner makes owners: an admin could otherwise rise above whoever made them one.
 * @param path the team and everything above it, the organization's root last
 * @throws Forbidden
 */
export function demandMayGrant(caller: Caller, path: readonly string[], roles: readonly Role[]): void {
  if (roles.includes('owner') && !isOwner(caller, path)) throw new Forbidden('Only an owner makes somebody an owner.');
}

/**
 * Only an owner changes or removes somebody who is an owner in any team, or makes keys for them: whoever could, would be
 * an owner by it. It takes an owner of every team in which the person is one.
 * @throws Forbidden
 */
export async function protectOwner(em: EntityManager, caller: Caller, person: string): Promise<void> {
  for (const { team, roles } of await em.find(Membership, { person })) {
    if (roles.includes('owner') && !isOwner(caller, await teamPath(em, caller.organization, team))) {
      throw new Forbidden('Only an owner changes or removes an owner, or makes or revokes keys for them.');
    }
  }
}

/**
 * Only an owner revokes an owner's key: the organization would otherwise be its admins'.
 * @throws Forbidden
 */
export async function protectOwnersKey(em: EntityManager, caller: Caller, key: ApiKey): Promise<void> {
  if (key.person) return protectOwner(em, caller, key.person);
  if (key.kind !== 'service' && !isOwner(caller, [caller.organization]))
    throw new Forbidden('Only an owner revokes an owner’s key.');
}
