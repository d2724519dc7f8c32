import type { EntityManager } from '@mikro-orm/postgresql';
import type { Vault } from '../platform/crypto/vault.ts';
import { BillingSettings, type BillingSettingsDocument } from './entities.ts';
import { openRecipients } from './report-recipients.ts';

/** What the billing settings of a team say about reports, where they say enough for one to be sent. */
export interface Reporting {
  readonly frequency: NonNullable<NonNullable<BillingSettingsDocument['reporting']>['frequency']>;
  /** At least one address. */
  readonly recipients: readonly string[];
  readonly includeMembers: boolean;
  /** When the settings were changed last: they may have said something else before. */
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
  return { frequency, recipients, includeMembers, since: row.updatedAt };
}

/** The teams of an organization whose settings name a frequency. */
export async function teamsWithReporting(em: EntityManager, organization: string): Promise<string[]> {
  const rows = await em.execute<{ team_id: string }[]>(
    `select team_id from countersign.billing_settings where organization_id = ? and settings #>> '{reporting,frequency}' is not null order by team_id`,
    [organization],
  );
  return rows.map((row) => row.team_id);
}
