import { defineEntity, p } from '@mikro-orm/core';
import { DATABASE_ROLES, tenantTable } from '../../platform/database/tenant-table.ts';

/** The sealer's login looks across organizations for what there is to digest. */
const journalTable = () =>
  tenantTable([{ name: 'sealer', roles: [DATABASE_ROLES.sealer], using: 'true', check: 'true' }]);

const organization = () => p.uuid().fieldName('organization_id').primary();

/** Something that happened to a reservation. Written by a trigger, whoever changes one; insert-only. */
export const ReservationChange = defineEntity({
  name: 'ReservationChange',
  tableName: 'reservation_changes',
  ...journalTable(),
  primaryKeys: ['organization', 'number'],
  // The first digest begins after 0: nothing would cover a smaller one.
  checks: [{ name: 'reservation_changes_number_check', expression: 'number > 0' }],
  properties: {
    organization: organization(),
    /** In the order in which they were made, of all organizations; with gaps, where something was taken back. */
    number: p.bigint().primary(),
    /** By the database's clock. */
    at: p.datetime(),
    reservation: p.uuid().fieldName('reservation_id'),
    /** What the reservation was from then on. */
    state: p.string(),
  },
});

/** Up to which change the audit log holds digests. */
export const ReservationDigest = defineEntity({
  name: 'ReservationDigest',
  tableName: 'reservation_digests',
  ...journalTable(),
  primaryKeys: ['organization'],
  properties: {
    organization: organization(),
    digestedTo: p.bigint().fieldName('digested_to'),
    updatedAt: p.datetime(),
  },
});
