import { ActivityFailure, continueAsNew, isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { AuditArchivingActivities } from './contracts/audit-archiving.ts';

/** A month of a large installation takes its time. What fails is tried again for a day; the next look comes anyway. */
const { archiveDue } = proxyActivities<AuditArchivingActivities>({
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '20 seconds',
  scheduleToCloseTimeout: '2 days',
  retry: { initialInterval: '10 seconds', backoffCoefficient: 2, maximumInterval: '1 hour' },
});

/** Months become due once a month, and whenever an organization changes its retention. */
const EVERY = '6 hours';
const LOOKS_PER_RUN = 100;

/** Moves what has become too old out of the database into files, for ever. */
export async function auditArchiving(): Promise<void> {
  for (let look = 0; look < LOOKS_PER_RUN; look += 1) {
    try {
      await archiveDue();
    } catch (error) {
      // Where it has failed for two days, every worker's log says why: the next look finds everything as it was.
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    }
    await sleep(EVERY);
  }
  await continueAsNew<typeof auditArchiving>();
}
