import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import { commitmentIn, leafTextHash, NotPersonal, opens } from '../leaf.ts';
import { openPersonal, PersonalKeyMissing, PersonalMissing, personalSubject } from '../reading/personal-fields.ts';
import type { LeafFields } from '../rules/leaf-fields.ts';
import { leafFields } from '../reading/leaf-fields.ts';
import type { ArchivedPart } from '../sealed-entries.ts';
import type { CheckedRow } from './check-store.ts';

/** What is wrong with an entry; and whether its personal fields were erased, which is nothing wrong. */
export interface CheckedEntry {
  readonly wrong: readonly string[];
  readonly erased: boolean;
}

/**
 * Checks one entry against its leaf.
 * @param archived what an archive holds of it, where the database does not
 */
export function checkEntry(
  organization: string,
  row: CheckedRow,
  archived: ArchivedPart | undefined,
  keys: UnlockedKeys,
): CheckedEntry {
  const part = row.leaf === null ? archived : { leaf: row.leaf, sealed: row.sealed };
  if (!part) return { wrong: ['it is missing; its leaf is there'], erased: false };
  if (!row.leaf_hash.equals(leafTextHash(part.leaf)))
    return { wrong: ['its text, or its leaf, was changed'], erased: false };
  const fields = leafFields(part.leaf);
  const wrong = [
    ...wrongPlaces(organization, row, fields),
    ...(row.leaf === null ? [] : wrongColumns(organization, row, fields)),
  ];
  const personal = checkPersonal(row.leaf_entry, personalSubject(organization, fields), part, keys);
  return personal === 'erased' ? { wrong, erased: true } : { wrong: [...wrong, ...personal], erased: false };
}

function wrongPlaces(
  organization: string,
  row: CheckedRow,
  fields: LeafFields & { readonly organization?: string },
): string[] {
  const isItsOwn =
    fields.id === row.leaf_entry &&
    fields.at === new Date(row.leaf_at).toISOString() &&
    fields.organization === organization;
  return isItsOwn ? [] : ['its leaf belongs to another entry'];
}

function wrongColumns(
  organization: string,
  row: CheckedRow,
  { actor, resource, action, team, outcome }: LeafFields,
): string[] {
  const columns: [name: string, stored: string | null, proven: string | null][] = [
    ['organization_id', row.organization_id, organization],
    ['action', row.action, action],
    ['actor_type', row.actor_type, actor.type],
    ['actor_id', row.actor_id, actor.ref],
    ['actor_key', row.actor_key, actor.key],
    ['resource_type', row.resource_type, resource.type],
    ['resource_id', row.resource_id, resource.ref],
    ['team_id', row.team_id, team],
    ['outcome', row.outcome, outcome],
  ];
  return columns
    .filter(([, stored, proven]) => stored !== proven)
    .map(([name]) => `its column ${name} says something else than its leaf`);
}

function checkPersonal(
  id: string,
  subject: string,
  { leaf, sealed }: Pick<ArchivedPart, 'leaf' | 'sealed'>,
  keys: UnlockedKeys,
): 'erased' | string[] {
  const commitment = commitmentIn(leaf);
  if (commitment === null) return sealed === null ? [] : ['personal fields were added to it'];
  try {
    const personal = openPersonal(keys, subject, { id, sealed, leaf });
    if (personal === null) return 'erased';
    return opens(personal, commitment) ? [] : ['its personal fields were changed'];
  } catch (error) {
    if (error instanceof PersonalMissing) return ['its personal fields were removed'];
    if (error instanceof PersonalKeyMissing)
      return [
        'the key of its personal fields is missing or damaged, and the keyring does not say that it was destroyed',
      ];
    if (error instanceof CannotDecrypt || error instanceof NotPersonal) return ['its personal fields were changed'];
    throw error;
  }
}
