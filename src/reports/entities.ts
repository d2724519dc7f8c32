import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { tenantColumns, tenantTable } from '../platform/database/tenant-table.ts';
import type { ReportFrequency } from './rules/periods.ts';

/** A usage report that was sent: the row that there can be only one of. */
export const UsageReport = defineEntity({
  name: 'UsageReport',
  tableName: 'usage_reports',
  ...tenantTable(),
  uniques: [{ name: 'usage_reports_once', properties: ['organization', 'team', 'frequency', 'firstDay'] }],
  properties: {
    ...tenantColumns,
    team: p.uuid().fieldName('team_id'),
    frequency: p.string().$type<ReportFrequency>(),
    /** The first day of its period, by the team's calendar: a period stays the same where its time zone is changed. */
    firstDay: p.date(),
    timezone: p.string(),
    startsAt: p.datetime(),
    endsAt: p.datetime(),
    createdAt: p.datetime(),
  },
});
export type UsageReport = InferEntity<typeof UsageReport>;
