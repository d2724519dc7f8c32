import { DirectoryEntry } from '../../platform/database/directory.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { Session, SignInLink } from '../entities.ts';

/**
 * Ends a person's sessions and uses up their sign-in links, since whoever reads the mail of an address that is theirs no
 * longer could act as them. The person's row has to be locked, so that nothing new is started meanwhile.
 */
export async function endSignIns({ em, origin, at }: Transaction, person: string): Promise<void> {
  const sessions = await em.find(Session, { person, endedAt: null });
  const links = await em.find(SignInLink, { person, usedAt: null });
  for (const session of sessions) session.endedAt = at;
  for (const link of links) link.usedAt = at;
  const hashes = [...sessions, ...links].map(({ hash }) => hash);
  if (hashes.length > 0)
    await em.nativeDelete(DirectoryEntry, {
      kind: { $in: ['session', 'sign_in_link'] },
      hash: { $in: hashes },
      organization: origin.organization,
    });
}
