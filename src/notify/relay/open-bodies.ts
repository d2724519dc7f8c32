import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import { subjectsOf } from '../../platform/crypto/sealed.ts';
import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { outboxPlace } from '../outbox.ts';
import type { Claim } from './claims.ts';
import type { ClaimedMessage } from './handler.ts';

/** A claimed message with its body opened, or why it does not open: somebody it tells about was erased, or it is damaged. */
export interface OpenedMessage {
  readonly message: ClaimedMessage;
  readonly unreadable: 'erased' | 'damaged' | null;
}

/**
 * Opens the bodies of messages of one organization. Keys are fetched in one query at most, and none where they are known.
 * @throws Unavailable
 */
export async function openBodies(
  work: UnitOfWork,
  organization: string,
  claims: readonly Claim[],
): Promise<OpenedMessage[]> {
  const { database, vault } = work;
  const subjects = claims.flatMap((claim) => subjectsIn(claim) ?? []);
  const keys = await database.reach(() => vault.unlock(database.fork(organization), organization, subjects));
  return claims.map((claim) => open(claim, keys));
}

function open(claim: Claim, keys: UnlockedKeys): OpenedMessage {
  if (claim.body === null) return { message: { ...claim, body: null }, unreadable: null };
  if (subjectsIn(claim) === null) return { message: { ...claim, body: null }, unreadable: 'damaged' };
  try {
    const body = keys.open(claim.body, outboxPlace(claim.id));
    return { message: { ...claim, body }, unreadable: body === null ? 'erased' : null };
  } catch (error) {
    if (!(error instanceof CannotDecrypt)) throw error;
    return { message: { ...claim, body: null }, unreadable: 'damaged' };
  }
}

/** null where the body is nothing that we sealed: one such row must not hold up the others. */
function subjectsIn({ body }: Claim): string[] | null {
  try {
    return body === null ? [] : subjectsOf(body);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
