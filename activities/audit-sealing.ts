import { ApplicationFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { Sealing } from '../src/audit/sealing/sealing.ts';
import type { AuditSealingActivities } from '../workflows/contracts/audit-sealing.ts';

export interface AuditSealingParts {
  readonly sealing: Sealing;
  /** How many shards there are. */
  readonly shards: number;
  /** Milliseconds until the workflow is to begin a new run: its history must not grow for ever. */
  readonly turnMs?: number;
}

const TURN_MS = 3_600_000;
/** Several fit into the workflow's heartbeat timeout. */
const HEARTBEAT_MS = 1_500;
const TAKE_OVER_AFTER_MS = 100;

/** What the workflow of the audit log has done in the database. */
export function auditSealingActivities({
  sealing,
  shards,
  turnMs = TURN_MS,
}: AuditSealingParts): AuditSealingActivities {
  return {
    async sealShard({ shard }) {
      if (shard >= shards) return { retired: true };
      const { cancellationSignal, heartbeat } = currentActivity();
      const beat = setInterval(heartbeat, HEARTBEAT_MS);
      const turn = AbortSignal.timeout(turnMs);
      try {
        await sealing.run({ index: shard, of: shards }, AbortSignal.any([turn, cancellationSignal]));
      } finally {
        clearInterval(beat);
      }
      cancellationSignal.throwIfAborted();
      if (sealing.isStopping) throw workerStops();
      return { retired: false };
    },
  };
}

function currentActivity() {
  const context = Context.current();
  return { cancellationSignal: context.cancellationSignal, heartbeat: () => context.heartbeat() };
}

/** As a failure, so that another worker takes over at once, and this one is not asked again while it stops. */
function workerStops(): ApplicationFailure {
  return ApplicationFailure.create({
    message: 'this worker stops',
    type: 'worker-stops',
    nextRetryDelay: TAKE_OVER_AFTER_MS,
    category: ApplicationFailureCategory.BENIGN,
  });
}
