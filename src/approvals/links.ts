import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { sha256 } from '../platform/crypto/master-key.ts';
import { newId, newSecret } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { DirectoryEntry } from '../platform/database/directory.ts';
import { LostRace } from '../platform/database/failures.ts';
import { AskRow, LinkRow } from './entities.ts';
import { refusalProblem } from './refusals.ts';

/** What a mailed link stands for. */
export interface LinkTarget {
  readonly organization: string;
  readonly link: string;
}

/** Makes a link for one approver of one stage. Only the token's hash is kept: whoever reads the tables cannot decide. */
export function makeLink(
  tx: Transaction,
  target: { approval: string; revision: number; stage: number; person: string },
): { id: string; token: string } {
  const { origin, at } = tx;
  const { organization } = origin;
  const [id, token] = [newId(at), newSecret()];
  tx.add(LinkRow, { id, organization, ...target, createdAt: at });
  tx.add(DirectoryEntry, { kind: 'approval_link', hash: sha256(token), organization, target: id });
  return { id, token };
}

/** Finds a link by its token, before the organization is known. */
export async function findLink(em: EntityManager, token: string): Promise<LinkTarget | null> {
  const entry = await em.findOne(DirectoryEntry, { kind: 'approval_link', hash: sha256(token) });
  return entry ? { organization: entry.organization, link: entry.target } : null;
}

/**
 * Uses a link up, in the transaction that records what is decided through it. Whoever comes second in a double click waits
 * here for the first.
 * @throws LostRace where it is used by now: run again, the transaction finds what was recorded
 * @throws ProblemError `not-an-approver` where it was superseded meanwhile
 */
export async function useLink(tx: Transaction, id: string): Promise<void> {
  const link = await tx.em.findOneOrFail(LinkRow, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (link.usedAt) throw new LostRace('the link was used at this very moment');
  if (link.supersededAt) throw refusalProblem('not-an-approver', 'pending');
  link.usedAt = tx.at;
}

/** Takes all that a person was mailed so far out of use, whatever it is about: the mailbox is no longer theirs. */
export async function supersedeLinks({ em, at }: Transaction, person: string): Promise<void> {
  await em.nativeUpdate(LinkRow, { person, usedAt: null, supersededAt: null }, { supersededAt: at });
}

/** Whether a link asks for something: it was neither used nor superseded, and the open stage waits for its person. */
export async function isStillAsked(em: EntityManager, id: string): Promise<boolean> {
  const link = await em.findOne(LinkRow, { id, usedAt: null, supersededAt: null });
  if (!link) return false;
  const { approval, revision, stage, person } = link;
  return (await em.count(AskRow, { approval, revision, stage, person, pending: true })) > 0;
}
