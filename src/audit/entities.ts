import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { Actor, AuditRecord } from '../platform/unit-of-work.ts';
import { tenantColumns, tenantTable } from '../platform/database/tenant-table.ts';

/** One thing that was done. Insert-only: the application role may neither change nor delete a row. Opaque ids only. */
export const AuditEntry = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entries',
  ...tenantTable(),
  indexes: [{ properties: ['organization', 'at'] }, { properties: ['resourceId'] }],
  properties: {
    ...tenantColumns,
    at: p.datetime(),
    actorType: p.string().$type<Actor['type']>(),
    actorId: p.uuid().nullable(),
    actorKey: p.uuid().nullable(),
    onBehalfOf: p.uuid().nullable(),
    action: p.string(),
    resourceType: p.string(),
    resourceId: p.string(),
    team: p.uuid().fieldName('team_id').nullable(),
    outcome: p.string().$type<NonNullable<AuditRecord['outcome']>>(),
    requestId: p.string().nullable(),
    detail: p.json<NonNullable<AuditRecord['detail']>>(),
  },
});
export type AuditEntry = InferEntity<typeof AuditEntry>;
