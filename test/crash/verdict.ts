import type { ApprovalView } from './approval-view.ts';
import type { Plan } from './plan.ts';

type StageView = ApprovalView['stages'][number];

const CLOSING = new Set(['approved', 'rejected', 'withdrawn', 'expired']);

/**
 * What a request's end must be, judged by its decisions and its plan alone: an own reading of the contract, not the
 * product's rules.
 * @returns what does not fit, in words; null where everything does
 */
export function judgeOutcome(view: ApprovalView, plan: Plan, withdrawn: boolean): string | null {
  if (!CLOSING.has(view.state)) return `is still ${view.state}`;
  const expected = expectedStates(view, plan, withdrawn);
  return expected.has(view.state)
    ? null
    : `is ${view.state}, but its decisions and timers allow ${[...expected].join(' or ')} only`;
}

function expectedStates(view: ApprovalView, plan: Plan, withdrawn: boolean): Set<string> {
  const decidedAt = Date.parse(view.decided_at ?? '');
  if (view.stages.some((stage) => stage.decisions.some(({ decision }) => decision === 'reject')))
    return new Set(['rejected']);
  if (view.stages.every((stage) => isPassed(stage, plan, decidedAt))) return new Set(['approved']);
  const expected = new Set<string>();
  if (view.stages.some((stage) => ranOutOfTime(stage, plan, decidedAt))) expected.add('rejected');
  if (plan.expiresIn !== null && decidedAt >= Date.parse(view.created_at) + plan.expiresIn * 1000)
    expected.add('expired');
  if (withdrawn) expected.add('withdrawn');
  return expected;
}

/** Enough have approved, or time has, where the plan says so. */
function isPassed(stage: StageView, plan: Plan, by: number): boolean {
  const approvals = stage.decisions.filter(({ decision }) => decision === 'approve').length;
  return approvals >= stage.required || (plan.stages[stage.index]?.onTimeout === 'approve' && isOverdue(stage, by));
}

function ranOutOfTime(stage: StageView, plan: Plan, by: number): boolean {
  const planned = plan.stages[stage.index];
  if (planned?.timeout == null || planned.onTimeout === 'approve') return false;
  return isOverdue(stage, by) && (planned.onTimeout === 'reject' || stage.escalated);
}

function isOverdue({ opened_at, deadline_at }: StageView, by: number): boolean {
  return opened_at !== null && deadline_at !== null && by >= Date.parse(deadline_at);
}
