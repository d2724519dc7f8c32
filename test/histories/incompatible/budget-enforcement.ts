import { sleep } from '@temporalio/workflow';
import { budgetEnforcement as released } from '../../../workflows/budget-enforcement.ts';
import type { BudgetEnforcementInput } from '../../../workflows/contracts/budget-enforcement.ts';

/** What must not be done: the workflow waits a moment first, also where it is replayed and did not wait when it ran. */
export async function budgetEnforcement(input: BudgetEnforcementInput): Promise<void> {
  await sleep('1 second');
  await released(input);
}
