import { CannotDecrypt } from '../platform/crypto/aead.ts';
import type { UnlockedKeys } from '../platform/crypto/vault.ts';
import type { RequestSource } from '../platform/request-source.ts';
import { NotPersonal, parsePersonal } from './leaf.ts';
import type { SealedEntry } from './sealed-entries.ts';
import { personalPlace } from './store.ts';

/**
 * Where an entry's request came from. One that somebody damaged is as one that was erased here: it must not keep the entries
 * after it from being looked at; whoever verifies the log finds it.
 * @returns null where there is nothing, or nothing readable any more
 */
export function sourceOf({ id, sealed }: Pick<SealedEntry, 'id' | 'sealed'>, keys: UnlockedKeys): RequestSource | null {
  try {
    const text = keys.open(sealed, personalPlace(id));
    if (text === null) return null;
    const { address, user_agent: userAgent } = parsePersonal(text).fields;
    return {
      address: typeof address === 'string' ? address : null,
      userAgent: typeof userAgent === 'string' ? userAgent : null,
    };
  } catch (error) {
    if (error instanceof CannotDecrypt || error instanceof NotPersonal || error instanceof RangeError) return null;
    throw error;
  }
}
