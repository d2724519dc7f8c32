import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { SettingsFollower } from '../tenancy/service.ts';

/** Of the organization's settings, what the times of reports follow from. */
const CALENDAR_FIELDS: ReadonlySet<string> = new Set(['timezone', 'fiscal_year_start']);

/** Has a team's Schedule brought in step once this is committed. In a lane of their own: nobody waits for them. @param team null: those of the whole organization */
export function requestSchedule(tx: Transaction, team: string | null): void {
  tx.enqueue({ id: newId(tx.at), channel: 'report', reference: { type: 'usage-report-schedule', team } });
}

/** Has Schedules follow settings. */
export const followSettings: SettingsFollower = {
  billingChanged: (tx, team, fields) => {
    if (fields.includes('reporting')) requestSchedule(tx, team);
  },
  organizationChanged: (tx, fields) => {
    if (fields.some((field) => CALENDAR_FIELDS.has(field))) requestSchedule(tx, null);
  },
};
