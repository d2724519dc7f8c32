import type { EntityManager } from '@mikro-orm/postgresql';
import { costSettingsAround, costSettingsOf } from '../tenancy/service.ts';
import { type CostBearer, type Destination, destinationsOf } from './rules/charge-back.ts';

/** A team, who bears its cost, and what it is called. */
export type Bearer = CostBearer & { readonly name: string };

/**
 * Whoever has to be known to say what teams are charged: they and what is above them, and the pools that they share. Every team
 * there is where all are asked for, or where what the teams of cost centres have spent decides.
 * @param teams internal ids; null: all
 * @param until the end of the month: as settings were then, it is charged, whatever they say by now
 */
export async function bearersAround(
  em: EntityManager,
  organization: string,
  teams: readonly string[] | null,
  until: Date,
): Promise<readonly Bearer[]> {
  if (teams === null) return costSettingsOf(em, organization, until);
  const near = await costSettingsAround(em, organization, teams, until);
  const destinations = destinationsOf(near);
  return teams.some((team) => isByUsage(destinations.get(team))) ? costSettingsOf(em, organization, until) : near;
}

function isByUsage(destination: Destination | undefined): boolean {
  return destination !== undefined && 'division' in destination && destination.division.method === 'usage_based';
}
