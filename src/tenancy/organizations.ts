import type { EntityManager } from '@mikro-orm/postgresql';
import type { Vault } from '../platform/crypto/vault.ts';
import { NotFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { Organization } from './entities.ts';
import { makeKey } from './keys.ts';
import { SCOPES } from './rules/permissions.ts';

/** Makes an organization in a transaction that sees it already (`tx.origin.organization` is its id), with its owner's key. */
export function makeOrganization(
  tx: Transaction,
  vault: Vault,
  wanted: { name: string; ownerKind: 'operator' | 'owner'; secret?: string },
): { organization: Organization; secret: string } {
  const { em, origin, at } = tx;
  const organization = em.create(Organization, {
    id: origin.organization,
    name: wanted.name,
    settings: {},
    createdAt: at,
  });
  em.persist(organization);
  vault.createKey(em, origin.organization, origin.organization, at);
  const { secret } = makeKey(tx, {
    id: newId(at),
    kind: wanted.ownerKind,
    person: null,
    serviceName: 'owner',
    team: null,
    scopes: SCOPES,
    expiresAt: null,
    ...(wanted.secret === undefined ? {} : { secret: wanted.secret }),
  });
  tx.record({ action: 'organization.made', resource: { type: 'organization', id: organization.id } });
  return { organization, secret };
}

/** @throws NotFound */
export async function organizationById(em: EntityManager, id: string): Promise<Organization> {
  const row = await em.findOne(Organization, { id });
  if (!row) throw new NotFound('organization');
  return row;
}
