import type { Archiving } from '../src/audit/archive/archiving.ts';
import type { AuditArchivingActivities } from '../workflows/contracts/audit-archiving.ts';
import { longRunning } from './long-running.ts';

export interface AuditArchivingParts {
  /** Null where this worker has no folder to archive into. */
  readonly archiving: Archiving | null;
}

const HEARTBEAT_MS = 5_000;

/** What the workflow of the archives has done. */
export function auditArchivingActivities({ archiving }: AuditArchivingParts): AuditArchivingActivities {
  return {
    async archiveDue() {
      if (!archiving) return { months: [] };
      return longRunning(archiving, HEARTBEAT_MS, async (context) => {
        const months = await archiving.run({
          actor: { type: 'workflow', id: null },
          signal: context.cancellationSignal,
          onStep: (step) => context.heartbeat(step),
        });
        return { months: (months ?? []).map(({ name }) => name) };
      });
    },
  };
}
