import { compareAmounts, parseAmount } from '../../../platform/money.ts';
import type { Changes, Context, Resubmit, Verdict } from '../commands.ts';
import type { Approval, StageRule } from '../model.ts';
import { openRequest, openStage } from '../opening.ts';
import { type Progress, record, startFrom, verdictOf } from '../progress.ts';
import { isClosed, openStageOf } from '../reading.ts';

/**
 * Takes a changed request. Amount, chain and context are what approvers agree to: changing one starts a new revision in
 * which everybody is asked again. Other changes keep every approval, and reopen the stage that had asked for changes.
 */
export function resubmit(approval: Approval, { changes }: Resubmit, context: Context): Verdict {
  if (isClosed(approval.state)) return { refusal: 'approval-closed' };
  const material = isMaterial(approval, changes);
  if (approval.state === 'pending' && !material && changes.textChanged !== true) return { refusal: 'nothing-changed' };
  return verdictOf(material ? startNewRevision(approval, changes, context) : keepRevision(approval, context));
}

function startNewRevision(approval: Approval, changes: Changes, context: Context): Progress {
  const { amount = approval.amount, chain } = changes;
  const revision = approval.revision + 1;
  const resubmitted = {
    type: 'resubmitted',
    at: context.at,
    revision,
    material: true,
    amount,
    chain: chain ?? null,
  } as const;
  return openRequest(record(startFrom(approval), resubmitted), context);
}

function keepRevision(approval: Approval, context: Context): Progress {
  const { revision, amount } = approval;
  const progress = record(startFrom(approval), {
    type: 'resubmitted',
    at: context.at,
    revision,
    material: false,
    amount,
    chain: null,
  });
  const stage = openStageOf(progress.approval);
  return approval.state === 'pending' || stage === null ? progress : openStage(progress, stage, context);
}

function isMaterial(approval: Approval, { amount, chain, contextChanged }: Changes): boolean {
  return (
    contextChanged === true ||
    (amount !== undefined && !isSameAmount(amount, approval.amount)) ||
    (chain !== undefined &&
      !isSameChain(
        chain.stages,
        approval.stages.map((stage) => stage.rule),
      ))
  );
}

function isSameAmount(left: string | null, right: string | null): boolean {
  if (left === null || right === null) return left === right;
  return compareAmounts(parseAmount(left), parseAmount(right)) === 0;
}

function isSameChain(left: readonly StageRule[], right: readonly StageRule[]): boolean {
  return JSON.stringify(left.map(canonical)) === JSON.stringify(right.map(canonical));
}

/** A stage's rule as a list, because the order of an object's keys depends on where it was read from. */
function canonical(rule: StageRule): readonly unknown[] {
  const names = (rules: StageRule['approvers']) =>
    rules.map((approver) => ('person' in approver ? ['person', approver.person] : ['role', approver.role]));
  const { approvers, required, timeout, calendar, onTimeout, escalateTo, reminders, amountAtLeast } = rule;
  return [names(approvers), required, timeout, calendar, onTimeout, names(escalateTo), reminders, amountAtLeast];
}
