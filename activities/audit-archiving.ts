import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Archiving } from '../src/audit/archive/archiving.ts';
import type { AuditArchivingActivities } from '../workflows/contracts/audit-archiving.ts';

export interface AuditArchivingParts {
  /** Null where this worker has no folder to archive into. */
  readonly archiving: Archiving | null;
}

/** Several fit into the workflow's heartbeat timeout. */
const HEARTBEAT_MS = 5_000;
const TAKE_OVER_AFTER_MS = 100;

/** What the workflow of the archives has done. */
export function auditArchivingActivities({ archiving }: AuditArchivingParts): AuditArchivingActivities {
  return {
    async archiveDue() {
      if (!archiving) return { months: [] };
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        const months = await archiving.run({
          actor: { type: 'workflow', id: null },
          signal: context.cancellationSignal,
          onStep: (step) => context.heartbeat(step),
        });
        return { months: (months ?? []).map(({ name }) => name) };
      } catch (error) {
        context.cancellationSignal.throwIfAborted();
        // As a failure, so that another worker takes over at once.
        if (archiving.isStopping)
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
