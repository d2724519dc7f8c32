import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { DATABASE_ROLES, tenantTable } from './tenant-table.ts';

/**
 * What must be found before the organization is known: hashes and opaque ids only. The one table of the application in which
 * every organization's rows are seen (its own alone are added and removed); the isolation test knows it.
 */
export const DirectoryEntry = defineEntity({
  name: 'DirectoryEntry',
  tableName: 'directory',
  ...tenantTable([{ name: 'look_up', command: 'select', roles: [DATABASE_ROLES.app], using: 'true' }]),
  primaryKeys: ['kind', 'hash', 'organization', 'target'],
  properties: {
    kind: p.string().$type<'address' | 'approval_link' | 'sign_in_link' | 'session'>().primary(),
    hash: p.blob().primary(),
    organization: p.uuid().fieldName('organization_id').primary(),
    target: p.uuid().fieldName('target_id').primary(),
  },
});
export type DirectoryEntry = InferEntity<typeof DirectoryEntry>;
