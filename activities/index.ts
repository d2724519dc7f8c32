import type { Logger } from 'pino';
import type { ApprovalExecution } from '../src/approvals/execution.ts';
import type { ApprovalActivities } from '../workflows/contracts/approvals.ts';
import { approvalActivities } from './approvals.ts';
import { withOpaqueFailures } from './failures.ts';

export interface ActivityParts {
  readonly approvals: ApprovalExecution;
  readonly logger: Logger;
}

/** Everything that workflows have done outside of themselves. */
export function createActivities(parts: ActivityParts): ApprovalActivities {
  return withOpaqueFailures({ ...approvalActivities(parts.approvals) }, parts.logger);
}
