import { sleep } from '@temporalio/workflow';
import { approvalChain as released } from '../../../workflows/approval-chain.ts';
import type { ApprovalChainInput } from '../../../workflows/contracts/approvals.ts';

/** What must not be done: the workflow waits a moment first, also where it is replayed and did not wait when it ran. */
export async function approvalChain(input: ApprovalChainInput): Promise<void> {
  await sleep('1 second');
  await released(input);
}
