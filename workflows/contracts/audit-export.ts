export const AUDIT_EXPORT = 'auditExport';

/** The same for every start, so that a repeated start finds the workflow that is already there. */
export function auditExportWorkflowId(id: string): string {
  return `audit-export-${id}`;
}

export interface AuditExportInput {
  readonly organization: string;
  readonly export: string;
}

export interface AuditExportActivities {
  /** Makes the bundle, or writes down that it cannot be made. Heartbeats all the while; begins again from the beginning. */
  makeExport(input: AuditExportInput): Promise<void>;
}
