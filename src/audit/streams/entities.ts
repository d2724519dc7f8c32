import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { DATABASE_ROLES, tenantColumns, tenantTable } from '../../platform/database/tenant-table.ts';

export type StreamKind = 'https' | 'syslog';

/** Where an organization's log is sent to as it grows, and how far that has come. */
export const AuditStream = defineEntity({
  name: 'AuditStream',
  tableName: 'audit_streams',
  ...tenantTable([{ name: 'sealer', roles: [DATABASE_ROLES.sealer], using: 'true', check: 'true' }]),
  uniques: [{ properties: ['organization', 'name'] }],
  properties: {
    ...tenantColumns,
    name: p.string(),
    kind: p.string().$type<StreamKind>(),
    /** Sealed under the organization's key: addresses and tokens. */
    target: p.blob(),
    /** The leaf index of the next entry to send: everything before it has arrived. */
    next: p.bigint().fieldName('next_index'),
    /** When it is to be tried next; while somebody sends, the end of their lease. */
    dueAt: p.datetime(),
    /** Grows with every lease and every change: whoever holds an older one writes nothing. */
    lease: p.integer().default(0),
    /** Since it worked last. */
    attempts: p.integer().default(0),
    failingSince: p.datetime().nullable(),
    /** When admins were told that it fails. */
    toldAt: p.datetime().nullable(),
    /** A code of ours, never a server's text. */
    lastError: p.string().nullable(),
    deliveredAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type AuditStream = InferEntity<typeof AuditStream>;
