import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { KEYRING_SCHEMA, tenantColumns, tenantTable } from '../database/tenant-table.ts';

/** The key of one subject (a person or an organization), wrapped by the master secret. Its `id` is the subject's. */
export const SubjectKey = defineEntity({
  name: 'SubjectKey',
  tableName: 'subject_keys',
  ...tenantTable([], 'organization_id', KEYRING_SCHEMA),
  properties: {
    ...tenantColumns,
    /** null once it was destroyed: what it sealed can never be read again. */
    wrapped: p.blob().nullable(),
    createdAt: p.datetime(),
    destroyedAt: p.datetime().nullable(),
  },
});
export type SubjectKey = InferEntity<typeof SubjectKey>;
