import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../platform/database/sql-arrays.ts';
import { violatedUniqueConstraint } from '../platform/database/failures.ts';
import { InvalidRequest, NotFound, ProblemError } from '../platform/errors.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { Team } from './entities.ts';

/** A chain of parents longer than this is refused: every look-up walks it. */
export const MAX_TEAM_DEPTH = 20;

export interface NewTeam {
  readonly id: string;
  readonly alias: string;
  readonly name: string;
  readonly parentAlias: string | null;
  readonly timezone: string | null;
  readonly currency: string | null;
}

/**
 * @param path where the body names it; unset: the address does
 * @throws NotFound
 */
export async function teamByAlias(
  em: EntityManager,
  organization: string,
  alias: string,
  path?: string,
): Promise<Team> {
  const team = await em.findOne(Team, { organization, alias });
  if (!team) throw new NotFound('team', path);
  return team;
}

/** The team and everything above it, nearest first, the organization's root last. */
export async function teamPath(em: EntityManager, organization: string, team: string): Promise<string[]> {
  return [...(await teamsUpwards(em, team)).map((row) => row.id), organization];
}

/** The team and its parents, nearest first. */
export async function teamsUpwards(em: EntityManager, team: string): Promise<Team[]> {
  const rows = await em.execute<{ id: string; depth: number }[]>(
    `with recursive up(id, parent_id, depth) as (
       select id, parent_id, 0 from countersign.teams where id = ?
       union all
       select t.id, t.parent_id, depth + 1 from countersign.teams t join up on t.id = up.parent_id where depth < ?
     ) select id, depth from up`,
    [team, MAX_TEAM_DEPTH],
  );
  const depth = new Map(rows.map((row) => [row.id, row.depth]));
  const teams = await em.find(Team, { id: { $in: [...depth.keys()] } });
  return teams.toSorted((a, b) => (depth.get(a.id) ?? 0) - (depth.get(b.id) ?? 0));
}

/** Ids of the teams and of everything below them. */
export async function teamsDownwards(em: EntityManager, teams: readonly string[]): Promise<string[]> {
  const rows = await em.execute<{ id: string }[]>(
    `with recursive down(id) as (
       select id from countersign.teams where id = any(?::uuid[])
       union
       select t.id from countersign.teams t join down on t.parent_id = down.id
     ) select id from down`,
    [plainArray(teams)],
  );
  return rows.map((row) => row.id);
}

/**
 * @throws NotFound where the parent does not exist
 * @throws InvalidRequest where the tree would grow too deep
 * @throws ProblemError `already-exists`
 */
export async function makeTeam(tx: Transaction, wanted: NewTeam): Promise<Team> {
  const { em, origin, at } = tx;
  const parent =
    wanted.parentAlias === null
      ? null
      : await teamByAlias(em, origin.organization, wanted.parentAlias, 'parent_team_id');
  if (parent && (await teamsUpwards(em, parent.id)).length >= MAX_TEAM_DEPTH) {
    throw new InvalidRequest([
      { path: 'parent_team_id', message: `teams can be nested ${MAX_TEAM_DEPTH} deep at most` },
    ]);
  }
  const { id, alias, name, timezone, currency } = wanted;
  const team = em.create(Team, {
    id,
    organization: origin.organization,
    alias,
    name,
    parent: parent?.id ?? null,
    timezone,
    currency,
    createdAt: at,
  });
  try {
    await em.persist(team).flush();
  } catch (error) {
    if (violatedUniqueConstraint(error))
      throw new ProblemError('already-exists', 'Your organization has a team with this id already.');
    throw error;
  }
  return team;
}

/** The currency that amounts of a team are in: its own, or the nearest parent's. */
export function currencyOf(upwards: readonly Team[]): string {
  return upwards.find((team) => team.currency !== null && team.currency !== undefined)?.currency ?? 'USD';
}
