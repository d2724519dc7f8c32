import type { EntityManager } from '@mikro-orm/postgresql';
import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import { subjectsOf } from '../../platform/crypto/sealed.ts';
import type { UnlockedKeys, Vault } from '../../platform/crypto/vault.ts';
import { isUuid } from '../../platform/ids.ts';
import { sourceSubject } from '../../platform/request-source.ts';
import { parsePersonal, type Personal } from '../leaf.ts';
import { personalPlace } from '../store.ts';
import type { LeafFields } from '../rules/leaf-fields.ts';

/** The part of an entry that is kept under the key of whom it tells about. */
export interface SealedPart {
  readonly id: string;
  readonly sealed: Buffer | null;
}

/** Loads the keys that these entries need; what was damaged so that it does not even say whose it is needs none. */
export function unlockPersonal(
  vault: Vault,
  em: EntityManager,
  organization: string,
  parts: readonly SealedPart[],
): Promise<UnlockedKeys> {
  return vault.unlock(
    em,
    organization,
    parts.flatMap(({ sealed }) => subjectsNamedIn(sealed) ?? []),
  );
}

/** Whose key the personal fields of an entry are sealed under: its leaf says who acted. */
export function personalSubject(organization: string, { actor }: Pick<LeafFields, 'actor'>): string {
  return sourceSubject({ organization, actor: { type: actor.type, id: actor.ref } });
}

/**
 * The personal fields of an entry; null where it has none, or they were erased.
 * @param subject `personalSubject`: under a key that nobody has, changed fields would pass for erased ones
 * @throws CannotDecrypt, NotPersonal where they were changed past us
 */
export function openPersonal(keys: UnlockedKeys, subject: string, { id, sealed }: SealedPart): Personal | null {
  if (sealed === null) return null;
  const named = subjectsNamedIn(sealed);
  if (named?.length !== 1 || named[0] !== subject) throw new CannotDecrypt();
  const text = keys.open(sealed, personalPlace(id));
  return text === null ? null : parsePersonal(text);
}

/** Null where it is nothing that was ever sealed. */
function subjectsNamedIn(sealed: Buffer | null): string[] | null {
  try {
    const subjects = sealed ? subjectsOf(sealed) : [];
    return subjects.every(isUuid) ? subjects : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
