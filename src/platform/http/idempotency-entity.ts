import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../database/tenant-table.ts';

/** The first answer to a request that carried an `Idempotency-Key`. */
export const IdempotentRequest = defineEntity({
  name: 'IdempotentRequest',
  tableName: 'idempotent_requests',
  ...tenantTable(),
  uniques: [{ properties: ['apiKey', 'keyHash'] }],
  indexes: [{ properties: ['createdAt'] }],
  properties: {
    ...tenantColumns,
    apiKey: p.uuid().fieldName('api_key_id'),
    keyHash: p.blob(),
    requestHash: p.blob(),
    /** null while the first request is still being carried out. */
    status: p.integer().nullable(),
    /** Sealed for everybody it tells about; secrets are left out of it. */
    answer: p.blob().nullable(),
    createdAt: p.datetime(),
    /** While no answer is stored: until when the first request may still be at work. */
    lockedUntil: p.datetime().nullable(),
  },
});
export type IdempotentRequest = InferEntity<typeof IdempotentRequest>;
