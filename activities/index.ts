import type { Logger } from 'pino';
import type { ApprovalExecution } from '../src/approvals/execution.ts';
import type { Archiving } from '../src/audit/archive/archiving.ts';
import type { ExportMaking } from '../src/audit/exports/export-making.ts';
import type { UsageReporting } from '../src/reports/usage-reporting.ts';
import type { ApprovalActivities } from '../workflows/contracts/approvals.ts';
import type { AuditArchivingActivities } from '../workflows/contracts/audit-archiving.ts';
import type { AuditExportActivities } from '../workflows/contracts/audit-export.ts';
import type { AuditSealingActivities } from '../workflows/contracts/audit-sealing.ts';
import type { BudgetEnforcementActivities } from '../workflows/contracts/budget-enforcement.ts';
import type { UsageReportActivities } from '../workflows/contracts/usage-report.ts';
import { approvalActivities } from './approvals.ts';
import { auditArchivingActivities } from './audit-archiving.ts';
import { auditExportActivities } from './audit-export.ts';
import { auditSealingActivities, type AuditSealingParts } from './audit-sealing.ts';
import { budgetEnforcementActivities, type BudgetEnforcementParts } from './budget-enforcement.ts';
import { withOpaqueFailures } from './failures.ts';
import { usageReportActivities } from './usage-report.ts';

export interface ActivityParts {
  readonly approvals: ApprovalExecution;
  readonly audit: AuditSealingParts;
  readonly exports: ExportMaking;
  /** Null where this worker has no folder to archive into. */
  readonly archiving: Archiving | null;
  readonly budgets: BudgetEnforcementParts;
  readonly reports: UsageReporting;
  readonly logger: Logger;
}

export type Activities = ApprovalActivities &
  AuditSealingActivities &
  AuditExportActivities &
  AuditArchivingActivities &
  BudgetEnforcementActivities &
  UsageReportActivities;

/** Everything that workflows have done outside of themselves. */
export function createActivities(parts: ActivityParts): Activities {
  return withOpaqueFailures(
    {
      ...approvalActivities(parts.approvals),
      ...auditSealingActivities(parts.audit),
      ...auditExportActivities(parts.exports),
      ...auditArchivingActivities(parts),
      ...budgetEnforcementActivities(parts.budgets),
      ...usageReportActivities(parts.reports),
    },
    parts.logger,
  );
}
