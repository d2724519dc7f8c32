import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { sha256 } from '../../platform/crypto/master-key.ts';
import { DirectoryEntry } from '../../platform/database/directory.ts';
import { newId, newSecret } from '../../platform/ids.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { SignInLink } from '../entities.ts';

/** How long a link signs in, in minutes. */
export const SIGN_IN_LINK_MINUTES = 15;

/** Why a link does not sign in. */
export type ClosedLink = 'used' | 'expired';

/** A link that no longer signs in. */
export class SignInLinkClosed extends Error {
  readonly code = 'sign-in-link-closed';
  readonly reason: ClosedLink;
  constructor(reason: ClosedLink) {
    super(`the sign-in link is ${reason}`);
    this.reason = reason;
  }
}

/** Makes a link. Only the token's hash is kept: whoever reads the tables cannot sign in. */
export function makeSignInLink(tx: Transaction, person: string): { token: string } {
  const { em, origin, at } = tx;
  const token = newSecret();
  const hash = sha256(token);
  const link = em.create(SignInLink, {
    id: newId(at),
    organization: origin.organization,
    person,
    hash,
    createdAt: at,
    expiresAt: new Date(at.getTime() + SIGN_IN_LINK_MINUTES * 60_000),
  });
  em.persist(link);
  em.persist(
    em.create(DirectoryEntry, { kind: 'sign_in_link', hash, organization: origin.organization, target: link.id }),
  );
  return { token };
}

/** Finds a link by its token, before the organization is known. */
export function findSignInLink(em: EntityManager, token: string): Promise<DirectoryEntry | null> {
  return em.findOne(DirectoryEntry, { kind: 'sign_in_link', hash: sha256(token) });
}

/** @returns why the link does not sign in at this moment, or null where it does */
export function closedReason(link: SignInLink, at: Date): ClosedLink | null {
  if (link.usedAt) return 'used';
  return link.expiresAt <= at ? 'expired' : null;
}

/**
 * Uses a link up. Two who press the button at once are told apart here: the row is locked.
 * @throws SignInLinkClosed
 */
export async function useSignInLink(tx: Transaction, id: string): Promise<SignInLink> {
  const link = await tx.em.findOneOrFail(SignInLink, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  const closed = closedReason(link, tx.at);
  if (closed) throw new SignInLinkClosed(closed);
  link.usedAt = tx.at;
  return link;
}
