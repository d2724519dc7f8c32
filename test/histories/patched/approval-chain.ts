import { patched, sleep } from '@temporalio/workflow';
import { approvalChain as released } from '../../../workflows/approval-chain.ts';
import type { ApprovalChainInput } from '../../../workflows/contracts/approvals.ts';

/** The same change as the incompatible one, as it has to be done: workflows that are under way go on as they began. */
export async function approvalChain(input: ApprovalChainInput): Promise<void> {
  if (patched('wait-a-moment')) await sleep('1 second');
  await released(input);
}
