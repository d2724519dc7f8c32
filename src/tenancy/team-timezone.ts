import type { EntityManager } from '@mikro-orm/postgresql';
import type { OrganizationSettings, Team } from './entities.ts';
import { organizationById } from './organizations.ts';
import { teamsUpwards } from './teams.ts';

/**
 * The zone that days of a team begin in: its own, the nearest parent's, or the organization's.
 * @param upwards the team and its parents, nearest first
 */
export function timezoneAmong(upwards: readonly Team[], { timezone }: OrganizationSettings): string {
  return upwards.find((team) => team.timezone)?.timezone ?? timezone ?? 'UTC';
}

/** As `timezoneAmong`, of a team by its internal id. */
export async function teamTimezone(em: EntityManager, organization: string, team: string): Promise<string> {
  return timezoneAmong(await teamsUpwards(em, team), (await organizationById(em, organization)).settings);
}
