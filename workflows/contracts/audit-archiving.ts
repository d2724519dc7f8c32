export const AUDIT_ARCHIVING = 'auditArchiving';

/**
 * The same for every start, so that a repeated start finds the workflow that is already there.
 * @param installation the task queue: several installations may share a namespace, and each has a log of its own
 */
export function auditArchivingWorkflowId(installation: string): string {
  return `audit-archiving-${installation}`;
}

export interface ArchiveDueResult {
  /** Months that have left the database, such as `2026-01`. */
  readonly months: readonly string[];
}

export interface AuditArchivingActivities {
  /** Archives every month of the audit log whose retention is over. Heartbeats all the while; goes on where a killed one was. */
  archiveDue(): Promise<ArchiveDueResult>;
}
