import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { AuditEntry } from './entities.ts';

/** Adds the entries to the transaction that makes the change. */
export function writeAudit(tx: Transaction): void {
  const { origin, at } = tx;
  for (const record of tx.audit) {
    tx.add(AuditEntry, {
      id: newId(at),
      organization: origin.organization,
      at,
      actorType: origin.actor.type,
      actorId: origin.actor.id,
      actorKey: origin.actor.key ?? null,
      onBehalfOf: record.onBehalfOf ?? null,
      action: record.action,
      resourceType: record.resource.type,
      resourceId: record.resource.id,
      team: record.team ?? null,
      outcome: record.outcome ?? 'success',
      requestId: origin.requestId,
      detail: record.detail ?? {},
    });
  }
}
