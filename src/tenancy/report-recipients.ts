import type { EntityManager } from '@mikro-orm/postgresql';
import type { Vault } from '../platform/crypto/vault.ts';
import type { BillingSettingsDocument } from './entities.ts';
import { teamBillingSettings } from './hierarchy.ts';
import type { NamedRecipient } from './recipients.ts';

type Reporting = NonNullable<BillingSettingsDocument['reporting']>;

const place = (team: string) => `billing_settings.recipients:${team}`;

/**
 * Who is named is kept sealed under the organization's key, as whatever else says who somebody is.
 * @returns null where nobody is named
 */
export async function sealRecipients(
  em: EntityManager,
  vault: Vault,
  organization: string,
  team: string,
  recipients: readonly NamedRecipient[],
): Promise<string | null> {
  if (recipients.length === 0) return null;
  const keys = await vault.unlock(em, organization, [organization]);
  return keys.seal(organization, place(team), JSON.stringify(recipients)).toString('base64');
}

/** Whom reports of a team go to; none where none were named. */
export async function openRecipients(
  em: EntityManager,
  vault: Vault,
  organization: string,
  team: string,
  reporting: Reporting | undefined,
): Promise<NamedRecipient[]> {
  if (!reporting?.sealed_recipients) return [];
  const keys = await vault.unlock(em, organization, [organization]);
  const text = keys.open(Buffer.from(reporting.sealed_recipients, 'base64'), place(team));
  return text === null ? [] : (JSON.parse(text) as NamedRecipient[]);
}

/** Whom the settings name, and whether they may be told about single members. */
interface NamedRecipients {
  readonly addresses: readonly NamedRecipient[];
  readonly includeMembers: boolean;
}

/** As `openRecipients`, of the settings as they are stored. */
export async function reportRecipients(
  em: EntityManager,
  vault: Vault,
  organization: string,
  team: string,
): Promise<NamedRecipients> {
  const { reporting } = await teamBillingSettings(em, team);
  return {
    addresses: await openRecipients(em, vault, organization, team, reporting),
    includeMembers: reporting?.include_member_breakdown ?? false,
  };
}
