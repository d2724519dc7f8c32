import type { EntityManager } from '@mikro-orm/postgresql';
import { organizationById } from './organizations.ts';
import { teamsUpwards } from './teams.ts';

/** The zone that days of a team begin in: its own, the nearest parent's, or the organization's. */
export async function teamTimezone(em: EntityManager, organization: string, team: string): Promise<string> {
  const inherited = (await teamsUpwards(em, team)).find(({ timezone }) => timezone)?.timezone;
  return inherited ?? (await organizationById(em, organization)).settings.timezone ?? 'UTC';
}
