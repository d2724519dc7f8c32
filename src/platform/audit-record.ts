import type { AUDIT_ACTIONS, AuditAction, AuditResource } from './audit-actions.ts';

/** The actions that are done to this kind of thing. */
type ActionOn<Resource> = {
  [Action in AuditAction]: (typeof AUDIT_ACTIONS)[Action]['resource'] extends Resource ? Action : never;
}[AuditAction];

interface AuditRecordOn<Resource extends AuditResource> {
  readonly action: ActionOn<Resource>;
  readonly resource: { readonly type: Resource; readonly id: string };
  readonly team?: string | null;
  readonly outcome?: 'success' | 'denied';
  readonly onBehalfOf?: string | null;
  /** Of the policy that decided, where one did. */
  readonly policyVersion?: string;
  readonly detail?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** What was done, for the audit log. Opaque ids, codes and numbers only: nothing that somebody wrote, no name, no address. */
export type AuditRecord = { [Resource in AuditResource]: AuditRecordOn<Resource> }[AuditResource];
