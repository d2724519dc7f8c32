export const AUDIT_SEALING = 'auditSealing';

/**
 * The same for every start, so that a repeated start finds the workflow that is already there.
 * @param installation the task queue: several installations may share a namespace, and each has a log of its own to seal
 */
export function auditSealingWorkflowId(installation: string, shard: number): string {
  return `audit-sealing-${installation}-${shard}`;
}

export interface AuditSealingInput {
  /** From 0; how many there are is the worker's configuration. */
  readonly shard: number;
}

export interface SealShardResult {
  /** There are fewer shards by now: nothing is left to do for this one. */
  readonly retired: boolean;
}

export interface AuditSealingActivities {
  /** Seals a shard's entries as they come, for an hour or so. Heartbeats all the while. */
  sealShard(input: AuditSealingInput): Promise<SealShardResult>;
}
