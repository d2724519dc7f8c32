import type { Logger } from 'pino';
import { AUDIT_ARCHIVING, auditArchivingWorkflowId } from '../../../workflows/contracts/audit-archiving.ts';
import type { Rounds } from '../../platform/rounds.ts';
import type { TemporalConnection } from '../../platform/temporal/connection.ts';
import { standingWorkflows } from '../../platform/temporal/standing-workflows.ts';

const EVERY_MS = 300_000;

/** Sees to it that there is the one workflow that archives. */
export function archivingStarter(parts: { temporal: TemporalConnection; taskQueue: string; logger: Logger }): Rounds {
  const workflow = { type: AUDIT_ARCHIVING, id: auditArchivingWorkflowId(parts.taskQueue), args: [] };
  return standingWorkflows({ ...parts, workflows: [workflow], everyMs: EVERY_MS });
}
