import {
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { EnforcementProgress } from './enforcement-progress.ts';
import {
  BUDGET_EVENT_SIGNAL,
  type BudgetEnforcementActivities,
  type BudgetEnforcementInput,
  type BudgetEvent,
} from './contracts/budget-enforcement.ts';

const eventSignal = defineSignal<[BudgetEvent]>(BUDGET_EVENT_SIGNAL);

/** Local, because each step is one short transaction. Retried for ever: the database may be away for a minute or a day. */
const activities = proxyLocalActivities<BudgetEnforcementActivities>({
  startToCloseTimeout: '30 seconds',
  localRetryThreshold: '20 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/**
 * The saga of one budget in one period, from the first thing it crosses to the end of the period: tells, asks, restricts or
 * suspends, and takes that back. It may be away for any time: the limit holds without it.
 */
export async function budgetEnforcement(input: BudgetEnforcementInput): Promise<void> {
  const progress = new EnforcementProgress(input, activities);
  setHandler(eventSignal, (event) => progress.hear(event));
  const isLong = () => workflowInfo().continueAsNewSuggested;
  try {
    while (!progress.isOver && !isLong()) {
      const { wakeAt } = await progress.catchUp(isLong);
      const patience = Math.max(1, wakeAt - Date.now());
      if (!progress.isOver) await condition(() => progress.hasHeard || isLong(), patience);
    }
  } catch (error) {
    // Cancelled, or a step that can never succeed: what was is restored, whatever it takes.
    await CancellationScope.nonCancellable(() => progress.compensate());
    throw error;
  }
  if (!progress.isOver) await continueAsNew<typeof budgetEnforcement>(progress.nextInput());
}
