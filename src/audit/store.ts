import { randomBytes } from 'node:crypto';
import type { AuditRecord } from '../platform/audit-record.ts';
import type { UnlockedKeys } from '../platform/crypto/vault.ts';
import { newId } from '../platform/ids.ts';
import { sourceSubject } from '../platform/request-source.ts';
import type { Origin, Transaction } from '../platform/unit-of-work.ts';
import { AuditEntry, AuditPending } from './entities.ts';
import {
  commitmentTo,
  leafText,
  type Personal,
  personalText,
  personalWith,
  type PublicFields,
  SALT_BYTES,
} from './leaf.ts';

/** Where the personal fields of an entry are sealed to: they open in no other row. */
export function personalPlace(id: string): string {
  return `audit_entries.sealed:${id}`;
}

/**
 * Adds the entries to the transaction that makes the change. An entry is queued for sealing by the statement that writes it:
 * neither is ever there without the other.
 * @param keys those of the origin's `sourceSubject`; where it has none (any more), nothing personal is written
 */
export function writeAudit(tx: Transaction, keys: UnlockedKeys): void {
  const { origin, at } = tx;
  const { organization } = origin;
  for (const record of tx.audit) {
    const entry = entryOf(origin, at, record, keys);
    tx.add(AuditEntry, { organization, at, ...entry });
    tx.add(AuditPending, { organization, at, entry: entry.id });
  }
}

function entryOf(
  origin: Origin,
  at: Date,
  record: AuditRecord,
  keys: UnlockedKeys,
): { id: string; leaf: string; sealed: Buffer | null } {
  const id = newId(at);
  const personal = personalOf(origin, keys);
  const leaf = leafText({
    ...publicFields(id, origin, at, record),
    ...(personal && { personal: commitmentTo(personal) }),
  });
  return { id, leaf, sealed: personal && keys.seal(sourceSubject(origin), personalPlace(id), personalText(personal)) };
}

function publicFields(
  id: string,
  { organization, actor, requestId }: Origin,
  at: Date,
  record: AuditRecord,
): PublicFields {
  const { action, resource, outcome = 'success', onBehalfOf = null, team = null, policyVersion, detail = {} } = record;
  return {
    id,
    at,
    organization,
    requestId,
    action,
    outcome,
    onBehalfOf,
    team,
    detail,
    actor: { type: actor.type, ref: actor.id, key: actor.key ?? null },
    resource: { type: resource.type, ref: resource.id },
    ...(policyVersion !== undefined && { policyVersion }),
  };
}

function personalOf(origin: Origin, keys: UnlockedKeys): Personal | null {
  const { source } = origin;
  if (!source || !keys.has(sourceSubject(origin))) return null;
  return personalWith(randomBytes(SALT_BYTES), { address: source.address, user_agent: source.userAgent });
}
