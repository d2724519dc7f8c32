import type { ApprovalExecution } from '../src/approvals/execution.ts';
import type { ApprovalActivities } from '../workflows/contracts/approvals.ts';

/** What the workflow of an approval has done in the database. */
export function approvalActivities(execution: ApprovalExecution): ApprovalActivities {
  return {
    applyIntent: ({ at, ...input }) => execution.applyIntent({ ...input, at: new Date(at) }),
    fireTimer: (input) => execution.fireTimer(input),
  };
}
