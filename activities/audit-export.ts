import { ApplicationFailure, Context } from '@temporalio/activity';
import type { ExportMaking } from '../src/audit/exports/export-making.ts';
import type { AuditExportActivities } from '../workflows/contracts/audit-export.ts';

/** Several fit into the workflow's heartbeat timeout. */
const HEARTBEAT_MS = 2_000;
const TAKE_OVER_AFTER_MS = 100;

/** What the workflow of an export has done in the database. */
export function auditExportActivities(making: ExportMaking): AuditExportActivities {
  return {
    async makeExport({ organization, export: id }) {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        await making.make(organization, id, context.cancellationSignal);
      } catch (error) {
        context.cancellationSignal.throwIfAborted();
        // As a failure, so that another worker takes over at once.
        if (making.isStopping)
          throw ApplicationFailure.create({
            message: 'this worker stops',
            type: 'worker-stops',
            nextRetryDelay: TAKE_OVER_AFTER_MS,
          });
        throw error;
      } finally {
        clearInterval(beat);
      }
    },
  };
}
