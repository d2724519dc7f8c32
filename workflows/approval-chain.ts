import {
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { ApprovalProgress } from './approval-progress.ts';
import type { ApprovalActivities, ApprovalChainInput, IntentInput, IntentKind } from './contracts/approvals.ts';
import {
  controlQuery,
  decideUpdate,
  reassignUpdate,
  refreshUpdate,
  remindUpdate,
  resubmitUpdate,
  withdrawUpdate,
} from './contracts/updates.ts';

const UPDATES = {
  decide: decideUpdate,
  withdraw: withdrawUpdate,
  reassign: reassignUpdate,
  resubmit: resubmitUpdate,
  remind: remindUpdate,
  refresh: refreshUpdate,
};

/**
 * Local, because a transition is one short transaction: it is written down in the same workflow task that takes the
 * decision, which saves two round trips each. Retried for ever: the database may be away for a minute or a day.
 */
const activities = proxyLocalActivities<ApprovalActivities>({
  startToCloseTimeout: '30 seconds',
  localRetryThreshold: '20 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Holds one request until it is closed: hears decisions, waits for deadlines, for weeks if it takes weeks. */
export async function approvalChain(input: ApprovalChainInput): Promise<void> {
  const progress = new ApprovalProgress(input, activities);
  for (const [kind, update] of Object.entries(UPDATES) as [IntentKind, typeof decideUpdate][]) {
    setHandler(update, (intent: IntentInput) => progress.carryOut(intent), {
      validator: (intent: IntentInput) => progress.check(kind, intent),
    });
  }
  setHandler(controlQuery, () => progress.control);

  while (!progress.isClosed() && !workflowInfo().continueAsNewSuggested) {
    const timer = progress.nextTimer();
    const heard = progress.changes;
    const changed = () => progress.changes !== heard || workflowInfo().continueAsNewSuggested;
    if (timer === null) await condition(changed);
    else if (!(await condition(changed, Math.max(1, timer.dueAt - Date.now())))) await progress.fire(timer);
  }

  // An Update that was accepted must have its answer before this run ends.
  await condition(allHandlersFinished);
  if (!progress.isClosed()) await continueAsNew<typeof approvalChain>(progress.nextInput());
}
