import type { EntityManager } from '@mikro-orm/postgresql';
import { Team } from './entities.ts';

/** Teams by internal id. */
export async function teamsById(em: EntityManager, teams: Iterable<string>): Promise<Map<string, Team>> {
  const wanted = [...new Set(teams)];
  if (wanted.length === 0) return new Map();
  return new Map((await em.find(Team, { id: { $in: wanted } })).map((team) => [team.id, team]));
}

/** The ids of teams as callers know them, by internal id. */
export async function teamAliases(em: EntityManager, teams: Iterable<string>): Promise<Map<string, string>> {
  return new Map([...(await teamsById(em, teams))].map(([id, team]) => [id, team.alias]));
}
