import type { EntityManager } from '@mikro-orm/postgresql';
import { inactiveAmong } from './facts.ts';
import type { People } from './people.ts';

/** An address that a report or an alert goes to. */
export interface Recipient {
  readonly email: string;
  /** Whose key the mail is sealed under: the person's, or the organization's where nobody is known by the address. */
  readonly subject: string;
  readonly person: string | null;
}

/**
 * Whoever the addresses stand for, each once. An address whose person has left the organization gets nothing more: what was
 * meant for somebody who works here is not sent to somebody who does not. Neither does one whose person was erased.
 */
export async function recipientsOf(
  em: EntityManager,
  people: People,
  organization: string,
  addresses: readonly string[],
): Promise<Recipient[]> {
  const byAddress = new Map<string, string | null>();
  for (const email of new Set(addresses.map((address) => address.toLowerCase())))
    byAddress.set(email, (await people.byEmail(em, organization, email))?.id ?? null);
  const known = [...byAddress.values()].filter((person) => person !== null);
  const gone = await inactiveAmong(em, known);
  const profiles = await people.profiles(em, organization, known);
  return [...byAddress].flatMap(([email, person]): Recipient[] => {
    if (person === null) return [{ email, subject: organization, person }];
    const own = profiles.of(person).email;
    return own === null || gone.has(person) ? [] : [{ email: own, subject: person, person }];
  });
}
