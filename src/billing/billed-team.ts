import type { EntityManager } from '@mikro-orm/postgresql';
import type { Caller } from '../platform/http/caller.ts';
import {
  currencyOf,
  demand,
  organizationById,
  type OrganizationSettings,
  teamByAlias,
  teamsDownwards,
  teamsUpwards,
  timezoneAmong,
} from '../tenancy/service.ts';

/** Whose bill it is, and how its months are counted. */
export interface BilledTeam {
  /** Internal id. */
  readonly id: string;
  /** Internal ids of the team and, where they count too, of those below it. */
  readonly teams: readonly string[];
  /** The team's. */
  readonly currency: string;
  readonly calendar: BillingCalendar;
}

export interface BillingCalendar {
  readonly timezone: string;
  /** `MM-DD` */
  readonly fiscalYearStart: string;
}

/**
 * Finds a team whose spending the caller may see.
 * @throws NotFound, Forbidden
 */
export async function billedTeam(
  em: EntityManager,
  caller: Caller,
  alias: string,
  descendants: boolean,
): Promise<BilledTeam> {
  const { organization } = caller;
  const team = await teamByAlias(em, organization, alias);
  const upwards = await teamsUpwards(em, team.id);
  demand(caller, 'billing.read', [...upwards.map(({ id }) => id), organization]);
  const { settings } = await organizationById(em, organization);
  return {
    id: team.id,
    teams: descendants ? await teamsDownwards(em, [team.id]) : [team.id],
    currency: currencyOf(upwards),
    calendar: calendarOf(settings, timezoneAmong(upwards, settings)),
  };
}

/** How the organization counts its months, as its budgets do. */
export async function organizationCalendar(em: EntityManager, organization: string): Promise<BillingCalendar> {
  const { settings } = await organizationById(em, organization);
  return calendarOf(settings, timezoneAmong([], settings));
}

function calendarOf({ fiscal_year_start: fiscalYearStart = '01-01' }: OrganizationSettings, timezone: string) {
  return { timezone, fiscalYearStart };
}
