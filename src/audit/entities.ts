import { defineEntity, type InferEntity, type Opt, p } from '@mikro-orm/core';
import { DATABASE_ROLES, tenantTable } from '../platform/database/tenant-table.ts';
import type { AuditAction, AuditResource } from '../platform/audit-actions.ts';
import type { Actor } from '../platform/unit-of-work.ts';

/** The sealer works for every organization at once. What it may do to a table is a matter of grants. */
const auditTable = () =>
  tenantTable([{ name: 'sealer', roles: [DATABASE_ROLES.sealer], using: 'true', check: 'true' }]);

const organization = () => p.uuid().fieldName('organization_id').primary();

/** A column that the database takes out of the leaf: it can never say anything but what was signed. */
const proven = (path: string, type: 'text' | 'uuid') =>
  `(${type === 'uuid' ? `((leaf)::jsonb #>> '${path}'::text[])::uuid` : `(leaf)::jsonb #>> '${path}'::text[]`}) stored`;

/**
 * One thing that was done. `leaf` is the text that is hashed into the tree (RFC 8785 canonical JSON), everything below
 * `sealed` a part of it to filter by. Partitioned by month of `at`; insert-only, for the table's owner too.
 */
export const AuditEntry = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entries',
  ...auditTable(),
  primaryKeys: ['id', 'at'],
  indexes: [
    { properties: ['organization', 'at', 'id'] },
    { properties: ['organization', 'action', 'at'] },
    { properties: ['organization', 'actorId', 'at'] },
    { properties: ['organization', 'resourceId', 'at'] },
    { properties: ['organization', 'team', 'at'] },
  ],
  checks: [
    {
      name: 'audit_entries_leaf_check',
      expression: `(leaf::jsonb ->> 'id')::uuid = id and (leaf::jsonb ->> 'organization')::uuid = organization_id and (leaf::jsonb ->> 'at')::timestamptz = "at"`,
    },
  ],
  properties: {
    id: p.uuid().primary(),
    organization: p.uuid().fieldName('organization_id'),
    at: p.datetime().primary(),
    leaf: p.text(),
    /** Where the request came from, under the key of whom it tells about. */
    sealed: p.blob().nullable(),
    action: p.text().$type<Opt<AuditAction>>().generated(proven('{action}', 'text')),
    actorType: p.text().$type<Opt<Actor['type']>>().generated(proven('{actor,type}', 'text')),
    actorId: p.uuid().nullable().generated(proven('{actor,ref}', 'uuid')),
    actorKey: p.uuid().nullable().generated(proven('{actor,key}', 'uuid')),
    resourceType: p.text().$type<Opt<AuditResource>>().generated(proven('{resource,type}', 'text')),
    resourceId: p.text().$type<Opt<string>>().generated(proven('{resource,ref}', 'text')),
    team: p.uuid().fieldName('team_id').nullable().generated(proven('{team}', 'uuid')),
    outcome: p.text().$type<Opt<'success' | 'denied'>>().generated(proven('{outcome}', 'text')),
  },
});
export type AuditEntry = InferEntity<typeof AuditEntry>;

/** An entry that is in no tree yet. Written by the statement that writes the entry, taken away by the one that seals it. */
export const AuditPending = defineEntity({
  name: 'AuditPending',
  tableName: 'audit_pending',
  ...auditTable(),
  primaryKeys: ['organization', 'at', 'entry'],
  properties: {
    organization: organization(),
    at: p.datetime().primary(),
    entry: p.uuid().fieldName('entry_id').primary(),
    /** By the database's clock, which the delay until it is sealed is counted in. */
    queuedAt: p.datetime().defaultRaw('clock_timestamp()'),
  },
});

/** Where an entry stands in its organization's tree (RFC 6962). Insert-only. */
export const AuditLeaf = defineEntity({
  name: 'AuditLeaf',
  tableName: 'audit_leaves',
  ...auditTable(),
  primaryKeys: ['organization', 'index'],
  indexes: [{ name: 'audit_leaves_at_brin', properties: ['at'], type: 'brin' }],
  // An entry is sealed once.
  uniques: [{ properties: ['organization', 'entry'] }],
  properties: {
    organization: organization(),
    index: p.bigint().fieldName('leaf_index').primary(),
    entry: p.uuid().fieldName('entry_id'),
    at: p.datetime(),
    hash: p.blob().fieldName('leaf_hash'),
  },
});

/** A tile of the tree (C2SP tlog-tiles, height 8): up to 256 hashes of one level. The last one of a level grows. */
export const AuditTile = defineEntity({
  name: 'AuditTile',
  tableName: 'audit_tiles',
  ...auditTable(),
  primaryKeys: ['organization', 'level', 'index'],
  properties: {
    organization: organization(),
    level: p.smallint().primary(),
    index: p.bigint().fieldName('tile_index').primary(),
    hashes: p.blob(),
  },
});

/** The committed head of an organization's tree, and the key that signs it. */
export const AuditLog = defineEntity({
  name: 'AuditLog',
  tableName: 'audit_logs',
  ...auditTable(),
  primaryKeys: ['organization'],
  properties: {
    organization: organization(),
    size: p.bigint(),
    root: p.blob(),
    /** What the log's signatures are checked with (C2SP signed-note: `name+id+key`). */
    verifierKey: p.text(),
    /** The Ed25519 seed it belongs to, wrapped by the master secret; out of the application's reach. */
    signingKey: p.blob(),
    createdAt: p.datetime(),
    sealedAt: p.datetime().nullable(),
  },
});

/** A signed head (C2SP tlog-checkpoint). Insert-only: there is one for each size at most. */
export const AuditCheckpoint = defineEntity({
  name: 'AuditCheckpoint',
  tableName: 'audit_checkpoints',
  ...auditTable(),
  primaryKeys: ['organization', 'size'],
  properties: {
    organization: organization(),
    size: p.bigint().fieldName('tree_size').primary(),
    root: p.blob(),
    at: p.datetime(),
    /** The signed note. */
    note: p.text(),
    /** The size that was signed before this one; 0: none was. */
    previous: p.bigint().fieldName('previous_size'),
    /** The log's signature that this is so: without its key, no checkpoint can be taken out unnoticed. */
    link: p.blob(),
  },
});
