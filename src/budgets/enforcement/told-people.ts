import type { Vault } from '../../platform/crypto/vault.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { FactsReader, type People, reportRecipients } from '../../tenancy/service.ts';

const TOLD_ROLES: ReadonlySet<string> = new Set(['owner', 'admin', 'finance']);

/** Somebody who is told by mail; `person` is null for an address that the settings name and nobody has. */
export interface ToldReader {
  readonly person: string | null;
  readonly email: string;
}

/**
 * Who is told about a team's budgets: its owners, admins and finance, those above it included, and the addresses in
 * `reporting.recipients`. Nobody is told twice.
 * @param team the organization's id for budgets of the whole organization
 */
export async function peopleToTell(
  { em, origin, at }: Transaction,
  parts: { vault: Vault; people: People },
  team: string,
): Promise<ToldReader[]> {
  const { organization } = origin;
  const { holders } = await new FactsReader(em, organization, at).ofTeam(team);
  const told = new Set(holders.filter(({ role }) => TOLD_ROLES.has(role)).map(({ person }) => person));
  const profiles = await parts.people.profiles(em, organization, told);
  const readers = new Map<string, ToldReader>();
  for (const person of told) {
    const { email } = profiles.of(person);
    if (email !== null) readers.set(email.toLowerCase(), { person, email });
  }
  for (const email of await reportRecipients(em, parts.vault, organization, team))
    if (!readers.has(email.toLowerCase())) readers.set(email.toLowerCase(), { person: null, email });
  return [...readers.values()];
}
