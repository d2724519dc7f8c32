import { patched, sleep } from '@temporalio/workflow';
import { budgetEnforcement as released } from '../../../workflows/budget-enforcement.ts';
import type { BudgetEnforcementInput } from '../../../workflows/contracts/budget-enforcement.ts';

/** The same change as the incompatible one, as it has to be done: workflows that are under way go on as they began. */
export async function budgetEnforcement(input: BudgetEnforcementInput): Promise<void> {
  if (patched('wait-a-moment')) await sleep('1 second');
  await released(input);
}
