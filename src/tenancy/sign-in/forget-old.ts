import { DirectoryEntry } from '../../platform/database/directory.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { Session, SignInLink } from '../entities.ts';

/** So long a link or session that is over still says what became of it. */
const KEPT_FOR_MS = 30 * 86_400_000;

/** Removes what a person signed in with long ago, together with its entries in the directory, which would grow for ever. */
export async function forgetOldSignIns(tx: Transaction, person: string): Promise<void> {
  const { em, origin, at } = tx;
  const old = { person, expiresAt: { $lt: new Date(at.getTime() - KEPT_FOR_MS) } };
  const links = await em.find(SignInLink, old);
  const sessions = await em.find(Session, old);
  if (links.length + sessions.length === 0) return;
  const hashesOf = (rows: readonly { hash: Uint8Array }[]) => ({ $in: rows.map((row) => Buffer.from(row.hash)) });
  await em.nativeDelete(DirectoryEntry, { kind: 'sign_in_link', hash: hashesOf(links), organization: origin.organization });
  await em.nativeDelete(DirectoryEntry, { kind: 'session', hash: hashesOf(sessions), organization: origin.organization });
  em.remove([...links, ...sessions]);
}
