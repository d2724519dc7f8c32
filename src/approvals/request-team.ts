import type { Team } from '../tenancy/service.ts';
import type { ApprovalRow } from './entities.ts';

/** Where a request was made, as callers know it. */
export interface RequestTeam {
  /** Null: the whole organization. */
  readonly alias: string | null;
  readonly name: string;
}

/** @param teams those that there are, by internal id */
export function requestTeam(
  { team, organization }: Pick<ApprovalRow, 'team' | 'organization'>,
  teams: ReadonlyMap<string, Pick<Team, 'alias' | 'name'>>,
): RequestTeam {
  if (team === organization) return { alias: null, name: 'the whole organization' };
  return teams.get(team) ?? { alias: '', name: '' };
}
