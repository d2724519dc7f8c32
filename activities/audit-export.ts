import type { ExportMaking } from '../src/audit/exports/export-making.ts';
import type { AuditExportActivities } from '../workflows/contracts/audit-export.ts';
import { longRunning } from './long-running.ts';

const HEARTBEAT_MS = 2_000;

/** What the workflow of an export has done in the database. */
export function auditExportActivities(making: ExportMaking): AuditExportActivities {
  return {
    makeExport: ({ organization, export: id }) =>
      longRunning(making, HEARTBEAT_MS, async ({ cancellationSignal }) => {
        await making.make(organization, id, cancellationSignal);
      }),
  };
}
