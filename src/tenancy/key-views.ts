import type { EntityManager } from '@mikro-orm/postgresql';
import { type ApiKey, Membership } from './entities.ts';
import type { People } from './people.ts';
import { effectiveScopes } from './rules/permissions.ts';
import { teamAliases } from './team-aliases.ts';

/** A key as its owner and admins see it. */
export interface KeyView {
  readonly row: ApiKey;
  readonly userAlias: string | null;
  readonly teamAlias: string | null;
  /** What it may at this moment: a person's key no more than the person. */
  readonly scopes: readonly string[];
}

/** Looks up what the keys' rows know by id only. */
export async function viewKeys(
  em: EntityManager,
  people: People,
  organization: string,
  rows: readonly ApiKey[],
): Promise<(row: ApiKey) => KeyView> {
  const persons = rows.flatMap((row) => (row.person ? [row.person] : []));
  const profiles = await people.profiles(em, organization, persons);
  const teams = await teamAliases(
    em,
    rows.flatMap((row) => (row.team ? [row.team] : [])),
  );
  const roles = await rolesOf(em, persons);
  return (row) => ({
    row,
    userAlias: profiles.of(row.person).alias,
    teamAlias: teams.get(row.team ?? '') ?? null,
    scopes: row.person ? effectiveScopes(row.scopes, roles.get(row.person) ?? new Set()) : row.scopes,
  });
}

/** The roles that people hold anywhere. */
export async function rolesOf(em: EntityManager, persons: readonly string[]): Promise<Map<string, Set<string>>> {
  const held = new Map<string, Set<string>>();
  for (const { person, roles } of await em.find(Membership, { person: { $in: [...persons] } }))
    held.set(person, new Set([...(held.get(person) ?? []), ...roles]));
  return held;
}
