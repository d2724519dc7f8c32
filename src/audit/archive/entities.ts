import { defineEntity, p } from '@mikro-orm/core';
import { DATABASE_ROLES, tenantColumns, tenantTable } from '../../platform/database/tenant-table.ts';

/** A month of an organization's log that is in a file, verified. Insert-only. */
export const AuditArchive = defineEntity({
  name: 'AuditArchive',
  tableName: 'audit_archives',
  ...tenantTable([{ name: 'sealer', roles: [DATABASE_ROLES.sealer], using: 'true', check: 'true' }]),
  uniques: [{ properties: ['organization', 'month'] }],
  properties: {
    ...tenantColumns,
    /** `2026-01` */
    month: p.string(),
    /** The leaf index of the first entry in the file, and the one after the last. */
    first: p.bigint().fieldName('first_index'),
    end: p.bigint().fieldName('end_index'),
    /** The size of the checkpoint that the file's entries lead to. */
    treeSize: p.bigint(),
    /** How many entries of this month it holds; a few of the months around it may be in the file too. */
    entries: p.integer(),
    /** SHA-256 of the file, which is named by it. */
    digest: p.blob(),
    /** The same for the file with the personal fields, still sealed. */
    personalDigest: p.blob(),
    archivedAt: p.datetime(),
  },
});
