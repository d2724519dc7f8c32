import type { EntityManager } from '@mikro-orm/postgresql';
import { sha256 } from '../platform/crypto/master-key.ts';
import { NotFound } from '../platform/errors.ts';
import { newId, newSecret } from '../platform/ids.ts';
import { mailMessage } from '../platform/mail-message.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { ApiKey } from './entities.ts';
import type { Scope } from './rules/permissions.ts';

export interface NewKey {
  readonly id: string;
  readonly kind: ApiKey['kind'];
  readonly person: string | null;
  readonly serviceName: string | null;
  readonly team: string | null;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
  /** Whether it may outlive the person's becoming an owner; no where unset. */
  readonly madeByOwner?: boolean;
  /** The key itself, where the operator chose it. */
  readonly secret?: string;
}

/** Makes a key. Only its hash is kept. */
export function makeKey(tx: Transaction, wanted: NewKey): { row: ApiKey; secret: string } {
  const secret = wanted.secret ?? `cs_${newSecret()}`;
  const { id, kind, person, serviceName, team, expiresAt, madeByOwner = false } = wanted;
  const row = tx.em.create(ApiKey, {
    id,
    organization: tx.origin.organization,
    hash: sha256(secret),
    kind,
    person,
    serviceName,
    team,
    scopes: [...wanted.scopes],
    madeByOwner,
    expiresAt,
    createdAt: tx.at,
  });
  tx.em.persist(row);
  tx.record({
    action: 'api_key.made',
    resource: { type: 'api_key', id },
    team,
    onBehalfOf: person,
    detail: { kind, scopes: wanted.scopes },
  });
  return { row, secret };
}

/** Who gets a key made by somebody else is told: it can decide in their name. */
export function tellOwner(tx: Transaction, id: string, person: string, to: string): void {
  tx.enqueue(
    mailMessage({
      id,
      to,
      subjects: [person],
      reference: { template: 'key-made', person },
      subject: 'An API key was made for you',
      paragraphs: [
        'An administrator of your organization made an API key that acts in your name: whoever holds it can do as you what its scopes allow.',
        'If you did not expect this, tell your administrators at once; they can revoke it.',
      ],
    }),
  );
}

/** @throws NotFound where there is no such key, or it is revoked already */
export async function liveKey(em: EntityManager, organization: string, id: string): Promise<ApiKey> {
  const row = await em.findOne(ApiKey, { organization, id, revokedAt: null });
  if (!row) throw new NotFound('API key');
  return row;
}

/**
 * Revokes the keys of somebody who becomes an owner which they have from anybody but an owner: whoever made one still has
 * it, and would be an owner with it.
 * @returns whether there were any
 */
export async function revokeKeysOfOthers(tx: Transaction, person: string): Promise<boolean> {
  const rows = await tx.em.find(ApiKey, { person, revokedAt: null, madeByOwner: false });
  for (const row of rows) revokeKey(tx, row);
  return rows.length > 0;
}

/** Whose keys were revoked because they became an owner is told: they will find them refused. */
export function tellRevoked(tx: Transaction, person: string, to: string): void {
  tx.enqueue(
    mailMessage({
      id: newId(tx.at),
      to,
      subjects: [person],
      reference: { template: 'keys-revoked', person },
      subject: 'API keys of yours were revoked',
      paragraphs: [
        'You are an owner now. The API keys that others than owners had made for you were revoked: whoever made them could have acted as an owner with them.',
        'Ask an owner for a new key where you need one.',
      ],
    }),
  );
}

/** Ends a key's life with this transaction; its row stays, for the audit log. */
export function revokeKey(tx: Transaction, row: ApiKey): void {
  row.revokedAt = tx.at;
  tx.record({
    action: 'api_key.revoked',
    resource: { type: 'api_key', id: row.id },
    team: row.team ?? null,
    onBehalfOf: row.person ?? null,
  });
}
