import type { Vault } from '../../platform/crypto/vault.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { FactsReader, type People, type Recipient, recipientsOf, reportRecipients } from '../../tenancy/service.ts';
import type { Budget } from '../entities.ts';

const TOLD_ROLES: ReadonlySet<string> = new Set(['owner', 'admin', 'finance']);

interface Directory {
  readonly vault: Vault;
  readonly people: People;
}

/**
 * Who is told about a budget: the owners, admins and finance of its team, those above it included, and whoever
 * `reporting.recipients` names. What one person spends is told to those recipients only where they are to see members'
 * figures (`include_member_breakdown`). Nobody is told twice.
 * @param budget its team is the organization's id where it is of the whole organization
 */
export async function peopleToTell(
  tx: Transaction,
  directory: Directory,
  budget: Pick<Budget, 'team' | 'person'>,
): Promise<Recipient[]> {
  const readers = new Map<string, Recipient>();
  for (const reader of [
    ...(await responsibleOf(tx, directory, budget.team)),
    ...(await namedRecipients(tx, directory, budget)),
  ])
    if (!readers.has(reader.email.toLowerCase())) readers.set(reader.email.toLowerCase(), reader);
  return [...readers.values()];
}

async function responsibleOf(
  { em, origin, at }: Transaction,
  { people }: Directory,
  team: string,
): Promise<Recipient[]> {
  const { organization } = origin;
  const { holders } = await new FactsReader(em, organization, at).ofTeam(team);
  const told = new Set(holders.filter(({ role }) => TOLD_ROLES.has(role)).map(({ person }) => person));
  const profiles = await people.profiles(em, organization, told);
  return [...told].flatMap((person) => {
    const { email } = profiles.of(person);
    return email === null ? [] : [{ email, subject: person, person }];
  });
}

async function namedRecipients(
  { em, origin }: Transaction,
  { vault, people }: Directory,
  { team, person }: Pick<Budget, 'team' | 'person'>,
): Promise<Recipient[]> {
  const { organization } = origin;
  const { addresses, includeMembers } = await reportRecipients(em, vault, organization, team);
  const mayKnow = (person ?? null) === null || includeMembers;
  return mayKnow ? recipientsOf(em, people, organization, addresses) : [];
}
