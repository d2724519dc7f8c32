import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../../platform/database/tenant-table.ts';

export type ExportState = 'preparing' | 'ready' | 'failed';

/** After it was asked for, and anew after it was made. */
export const EXPORT_KEPT_FOR_MS = 7 * 86_400_000;

/** The error of an export for which the database took too long, again and again. */
export const TIMED_OUT = 'timed-out';

/** A bundle that was asked for. Deleted, with its chunks, once it has expired. */
export const AuditExport = defineEntity({
  name: 'AuditExport',
  tableName: 'audit_exports',
  ...tenantTable(),
  uniques: [{ properties: ['organization', 'id'] }],
  indexes: [{ properties: ['expiresAt'] }],
  properties: {
    ...tenantColumns,
    /** Entries from this moment on, up to, and without, the other. */
    from: p.datetime().fieldName('range_from'),
    to: p.datetime().fieldName('range_to'),
    state: p.string().$type<ExportState>(),
    /** Grows with every attempt to make it: whoever makes an older one writes nothing more. */
    attempt: p.integer().default(0),
    /** How many entries it holds, once that is known, and how many of them are written. */
    entries: p.integer().nullable(),
    done: p.integer().default(0),
    /** The size of the checkpoint that its entries lead to. */
    treeSize: p.bigint('number').nullable(),
    /** How long the file is, and its SHA-256. */
    bytes: p.bigint('number').nullable(),
    digest: p.blob().nullable(),
    /** A code of ours: why it cannot be made. */
    error: p.string().nullable(),
    createdAt: p.datetime(),
    readyAt: p.datetime().nullable(),
    expiresAt: p.datetime(),
  },
});
export type AuditExport = InferEntity<typeof AuditExport>;

/** A piece of a bundle, compressed by itself and sealed under the organization's key. */
export const AuditExportChunk = defineEntity({
  name: 'AuditExportChunk',
  tableName: 'audit_export_chunks',
  ...tenantTable(),
  primaryKeys: ['organization', 'export', 'attempt', 'position'],
  properties: {
    organization: p.uuid().fieldName('organization_id').primary(),
    export: p.uuid().fieldName('export_id').primary(),
    attempt: p.integer().primary(),
    /** From 0. */
    position: p.integer().primary(),
    data: p.blob(),
  },
});
