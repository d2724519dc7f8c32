import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../platform/ids.ts';
import type { AuditRecord, Origin } from '../platform/unit-of-work.ts';
import { AuditEntry } from './entities.ts';

/** Adds the entries to the transaction that makes the change. */
export function writeAudit(em: EntityManager, origin: Origin, at: Date, records: readonly AuditRecord[]): void {
  for (const record of records) {
    em.persist(
      em.create(AuditEntry, {
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
      }),
    );
  }
}
