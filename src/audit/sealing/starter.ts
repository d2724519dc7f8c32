import type { Logger } from 'pino';
import {
  AUDIT_SEALING,
  type AuditSealingInput,
  auditSealingWorkflowId,
} from '../../../workflows/contracts/audit-sealing.ts';
import type { Rounds } from '../../platform/rounds.ts';
import type { TemporalConnection } from '../../platform/temporal/connection.ts';
import { standingWorkflows } from '../../platform/temporal/standing-workflows.ts';

/** Until it runs again, nothing that is written can be proven. */
const EVERY_MS = 30_000;

/** Sees to it that every shard of the audit log has its workflow. */
export function sealingStarter(parts: {
  temporal: TemporalConnection;
  taskQueue: string;
  shards: number;
  logger: Logger;
}): Rounds {
  const { shards, ...rest } = parts;
  const workflows = Array.from({ length: shards }, (_, shard) => ({
    type: AUDIT_SEALING,
    id: auditSealingWorkflowId(parts.taskQueue, shard),
    args: [{ shard }] satisfies [AuditSealingInput],
  }));
  return standingWorkflows({ ...rest, workflows, everyMs: EVERY_MS });
}
