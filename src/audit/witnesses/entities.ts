import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../../platform/database/tenant-table.ts';

/** Somebody whose cosignatures are taken: a key that is held elsewhere. */
export const AuditWitness = defineEntity({
  name: 'AuditWitness',
  tableName: 'audit_witnesses',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'name'] }],
  properties: {
    ...tenantColumns,
    /** What the organization calls it; its key has a name of its own. */
    name: p.string(),
    /** C2SP signed-note: `name+id+key`. */
    verifierKey: p.text(),
    registeredAt: p.datetime(),
  },
});
export type AuditWitness = InferEntity<typeof AuditWitness>;

/** A witness's signature under a checkpoint. Insert-only: it stays where its witness is taken out. */
export const AuditCosignature = defineEntity({
  name: 'AuditCosignature',
  tableName: 'audit_cosignatures',
  ...tenantTable(),
  primaryKeys: ['organization', 'size', 'verifierKey'],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    size: p.bigint('number').fieldName('tree_size').primary(),
    verifierKey: p.text().primary(),
    /** The line as it stands below the checkpoint. */
    line: p.text(),
    /** As the witness says. */
    cosignedAt: p.datetime(),
    receivedAt: p.datetime(),
  },
});
export type AuditCosignature = InferEntity<typeof AuditCosignature>;
