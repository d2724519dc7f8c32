import type { EntityManager } from '@mikro-orm/postgresql';
import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import { subjectsOf } from '../../platform/crypto/sealed.ts';
import { UnlockedKeys, type Vault } from '../../platform/crypto/vault.ts';
import { isUuid } from '../../platform/ids.ts';
import { sourceSubject } from '../../platform/request-source.ts';
import { commitmentIn, parsePersonal, type Personal } from '../leaf.ts';
import { personalPlace } from '../store.ts';
import type { LeafFields } from '../rules/leaf-fields.ts';

/** The part of an entry that is kept under the key of whom it tells about. */
export interface SealedPart {
  readonly id: string;
  readonly sealed: Buffer | null;
}

/** A leaf commits to personal fields, and they are gone though nobody erased them. */
export class PersonalMissing extends Error {
  readonly code = 'personal-missing';
  constructor(id: string) {
    super(`the personal fields of entry ${id} were removed; restore them from a backup`);
  }
}

/** The key of personal fields cannot be used, and the keyring does not say that it was destroyed. */
export class PersonalKeyMissing extends Error {
  readonly code = 'personal-key-missing';
  constructor(id: string) {
    super(
      `the key of the personal fields of entry ${id} is missing or damaged; restore the schema keyring from a backup`,
    );
  }
}

/** Loads the keys that these entries need; what was damaged so that it does not even say whose it is needs none. */
export function unlockPersonal(
  vault: Vault,
  em: EntityManager,
  organization: string,
  parts: readonly SealedPart[],
): Promise<UnlockedKeys> {
  return vault.unlock(em, organization, subjectsOfAll(parts));
}

/** As `unlockPersonal`; a key that was damaged is as one that is missing, and keeps nobody from the others. */
export function unlockUndamaged(
  vault: Vault,
  em: EntityManager,
  organization: string,
  parts: readonly SealedPart[],
): Promise<UnlockedKeys> {
  const unlock = async (subjects: readonly string[]): Promise<UnlockedKeys> => {
    try {
      return await vault.unlock(em, organization, subjects);
    } catch (error) {
      if (!(error instanceof CannotDecrypt)) throw error;
      if (subjects.length === 1) return new UnlockedKeys(new Map());
      const half = Math.ceil(subjects.length / 2);
      return (await unlock(subjects.slice(0, half))).and(await unlock(subjects.slice(half)));
    }
  };
  return unlock([...new Set(subjectsOfAll(parts))]);
}

/** Whose key the personal fields of an entry are sealed under: its leaf says who acted. */
export function personalSubject(organization: string, { actor }: Pick<LeafFields, 'actor'>): string {
  return sourceSubject({ organization, actor: { type: actor.type, id: actor.ref } });
}

/**
 * The personal fields of an entry; null where it has none, or they were erased: their key was destroyed.
 * @param subject `personalSubject`: under a key that nobody has, changed fields would pass for erased ones
 * @throws PersonalMissing, PersonalKeyMissing; CannotDecrypt, NotPersonal where they were changed past us
 */
export function openPersonal(
  keys: UnlockedKeys,
  subject: string,
  { id, sealed, leaf }: SealedPart & { readonly leaf: string },
): Personal | null {
  if (sealed === null) {
    if (commitmentIn(leaf) !== null) throw new PersonalMissing(id);
    return null;
  }
  const named = subjectsNamedIn(sealed);
  if (named?.length !== 1 || named[0] !== subject) throw new CannotDecrypt();
  const text = keys.open(sealed, personalPlace(id));
  if (text !== null) return parsePersonal(text);
  if (keys.wasDestroyed(subject)) return null;
  throw new PersonalKeyMissing(id);
}

function subjectsOfAll(parts: readonly SealedPart[]): string[] {
  return parts.flatMap(({ sealed }) => subjectsNamedIn(sealed) ?? []);
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
