import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../platform/ids.ts';
import { type MailContent, mailMessage } from '../platform/mail-message.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { FactsReader, type Profiles } from '../tenancy/service.ts';

/** Who is told of what the audit log shows, in the organization's root and in the team it is about. */
const TOLD_ROLES: ReadonlySet<string> = new Set(['owner', 'admin', 'auditor']);

/**
 * Owners, admins and auditors who can be told.
 * @param team whose own are told as well; null: those of the whole organization alone
 */
export async function peopleToTell(
  em: EntityManager,
  organization: string,
  team: string | null,
  at: Date,
): Promise<string[]> {
  const { holders } = await new FactsReader(em, organization, at).ofTeam(team ?? organization);
  return [...new Set(holders.filter(({ role }) => TOLD_ROLES.has(role)).map(({ person }) => person))];
}

/**
 * Mails the same to several people.
 * @param about.subjects everybody else whom the content tells about
 */
export function mailAll(
  tx: Transaction,
  people: readonly string[],
  profiles: Profiles,
  content: MailContent,
  about: { readonly template: string; readonly subjects: readonly string[] },
): void {
  for (const person of people) {
    const { email } = profiles.of(person);
    if (email === null) continue;
    tx.enqueue(
      mailMessage({
        ...content,
        id: newId(tx.at),
        to: email,
        subjects: [...new Set([person, ...about.subjects])],
        reference: { template: about.template, person },
      }),
    );
  }
}
