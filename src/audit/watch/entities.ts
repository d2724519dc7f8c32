import { defineEntity, p } from '@mikro-orm/core';
import { DATABASE_ROLES, tenantTable } from '../../platform/database/tenant-table.ts';

/** How far an organization's log was looked through for unusual access. */
export const AuditWatch = defineEntity({
  name: 'AuditWatch',
  tableName: 'audit_watches',
  ...tenantTable([{ name: 'sealer', roles: [DATABASE_ROLES.sealer], using: 'true', check: 'true' }]),
  primaryKeys: ['organization'],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    /** The leaf index of the next entry to look at. */
    next: p.bigint().fieldName('next_index'),
    updatedAt: p.datetime(),
  },
});

/** What is remembered of a person's access, sealed under their key: destroyed with it. */
export const AuditAccessState = defineEntity({
  name: 'AuditAccessState',
  tableName: 'audit_access_states',
  ...tenantTable(),
  primaryKeys: ['organization', 'person'],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    person: p.uuid().fieldName('person_id').primary(),
    state: p.blob(),
    updatedAt: p.datetime(),
  },
});
