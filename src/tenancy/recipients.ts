import type { EntityManager } from '@mikro-orm/postgresql';
import { inactiveAmong } from './facts.ts';
import type { People } from './people.ts';

/**
 * Somebody who is named to get reports and alerts. Of a person nothing but the id is kept: the address may change, be somebody
 * else's one day, or have to be forgotten.
 */
export type NamedRecipient = { readonly person: string } | { readonly email: string };

/** An address that a report or an alert goes to. */
export interface Recipient {
  readonly email: string;
  /** Whose key the mail is sealed under: the person's, or the organization's where nobody is known by the address. */
  readonly subject: string;
  readonly person: string | null;
}

/** Whoever the addresses stand for now, each once. */
export async function namedBy(
  em: EntityManager,
  people: People,
  organization: string,
  addresses: readonly string[],
): Promise<NamedRecipient[]> {
  const named = new Map<string, NamedRecipient>();
  for (const email of addresses) {
    const known = await people.byEmail(em, organization, email);
    const key = known?.id ?? email.toLowerCase();
    if (!named.has(key)) named.set(key, known ? { person: known.id } : { email });
  }
  return [...named.values()];
}

/**
 * Where to write to those who are named. A person who has left the organization gets nothing more, at whatever address: what
 * was meant for somebody who works here is not sent to somebody who does not. Neither does one who was erased. An address that
 * nobody was known by when it was named is looked up again: somebody may have it by now.
 */
export async function recipientsOf(
  em: EntityManager,
  people: People,
  organization: string,
  named: readonly NamedRecipient[],
): Promise<Recipient[]> {
  const resolved = new Map<string, NamedRecipient>();
  for (const one of named)
    for (const now of 'person' in one ? [one] : await namedBy(em, people, organization, [one.email]))
      resolved.set('person' in now ? now.person : now.email.toLowerCase(), now);
  const ids = [...resolved.values()].flatMap((one) => ('person' in one ? [one.person] : []));
  const gone = await inactiveAmong(em, ids);
  const profiles = await people.profiles(em, organization, ids);
  return [...resolved.values()].flatMap((one): Recipient[] => {
    if ('email' in one) return [{ email: one.email, subject: organization, person: null }];
    const { email } = profiles.of(one.person);
    return email === null || gone.has(one.person) ? [] : [{ email, subject: one.person, person: one.person }];
  });
}
