import type { EntityManager } from '@mikro-orm/postgresql';
import type { Vault } from '../platform/crypto/vault.ts';
import { BillingSettings, type BillingSettingsDocument, type OrganizationSettings } from './entities.ts';
import type { NamedRecipient } from './recipients.ts';
import { openRecipients } from './report-recipients.ts';

/** What the billing settings of a team say about reports, where they say enough for one to be sent. */
export interface Reporting {
  readonly frequency: NonNullable<NonNullable<BillingSettingsDocument['reporting']>['frequency']>;
  /** At least one. */
  readonly recipients: readonly NamedRecipient[];
  readonly includeMembers: boolean;
  /** When frequency, recipients or calendar were changed last: another report, to others, may have been due before. */
  readonly since: Date;
}

/** @returns null where no frequency or no recipient is set, or there is no such team */
export async function reportingOf(
  em: EntityManager,
  vault: Vault,
  organization: string,
  team: string,
): Promise<Reporting | null> {
  const row = await em.findOne(BillingSettings, { organization, team });
  const reporting = row?.settings.reporting;
  if (!row || !reporting?.frequency) return null;
  const recipients = await openRecipients(em, vault, organization, team, reporting);
  if (recipients.length === 0) return null;
  const { frequency, include_member_breakdown: includeMembers = false } = reporting;
  return { frequency, recipients, includeMembers, since: row.reportingSince ?? row.updatedAt };
}

/** The teams of an organization whose usage is reported to somebody. */
export async function teamsWithReporting(em: EntityManager, organization: string): Promise<string[]> {
  const rows = await em.execute<{ team_id: string }[]>(
    `select team_id from countersign.billing_settings where organization_id = ?
     and settings #>> '{reporting,frequency}' is not null and settings #>> '{reporting,sealed_recipients}' is not null order by team_id`,
    [organization],
  );
  return rows.map((row) => row.team_id);
}

/**
 * Notes from when on reports are due by another calendar, for the teams that it makes a difference to: their last periods, as
 * they are counted now, are no reports that were missed.
 */
export async function noteCalendarChange(
  em: EntityManager,
  organization: string,
  [before, after]: readonly [OrganizationSettings, OrganizationSettings],
  at: Date,
): Promise<void> {
  const isOtherZone = (before.timezone ?? 'UTC') !== (after.timezone ?? 'UTC');
  const isOtherYear = (before.fiscal_year_start ?? '01-01') !== (after.fiscal_year_start ?? '01-01');
  if (!isOtherZone && !isOtherYear) return;
  await em.execute(
    `with recursive zoned(id) as (
       select id from countersign.teams where organization_id = ? and timezone is not null
       union
       select t.id from countersign.teams t join zoned on t.parent_id = zoned.id
     )
     update countersign.billing_settings s set reporting_since = ?
     where s.organization_id = ? and s.settings #>> '{reporting,frequency}' is not null
       and ((? and s.settings #>> '{reporting,frequency}' = 'monthly') or (? and s.team_id not in (select id from zoned)))`,
    [organization, at, organization, isOtherYear, isOtherZone],
  );
}
