import { Forbidden } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { PERMISSIONS, type Permission, rolesAllow } from './rules/permissions.ts';

/**
 * Whether the caller may do something in a team.
 * @param teamPath the team and everything above it, the organization's root last; for the organization itself the root alone
 */
export function may(caller: Caller, permission: Permission, teamPath: readonly string[]): boolean {
  if (!caller.scopes.has(PERMISSIONS[permission].scope)) return false;
  if (caller.kind === 'operator' || caller.kind === 'owner') return true;
  if (caller.kind === 'service') return caller.team === null || teamPath.includes(caller.team);
  return rolesAllow(rolesIn(caller, teamPath), permission);
}

/** @throws Forbidden */
export function demand(caller: Caller, permission: Permission, teamPath: readonly string[]): void {
  if (!may(caller, permission, teamPath)) {
    throw new Forbidden(
      `This takes the permission “${PERMISSIONS[permission].meaning}” and the scope \`${PERMISSIONS[permission].scope}\`.`,
    );
  }
}

/** The roles a person holds in a team, those inherited from above included. */
export function rolesIn(caller: Caller, teamPath: readonly string[]): Set<string> {
  return new Set(
    caller.memberships
      .filter((membership) => teamPath.includes(membership.team))
      .flatMap((membership) => membership.roles),
  );
}

/** The teams in which a person's own roles give the permission; it holds in their descendants too. */
export function teamsWhere(caller: Caller, permission: Permission): string[] {
  return caller.memberships
    .filter((membership) => rolesAllow(membership.roles, permission))
    .map((membership) => membership.team);
}

/** Whether nothing in the organization is out of the caller's sight. */
export function seesAll(caller: Caller, permission: Permission): boolean {
  return may(caller, permission, [caller.organization]) && !(caller.kind === 'service' && caller.team !== null);
}
