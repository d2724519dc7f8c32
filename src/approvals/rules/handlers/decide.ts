import { checkDecision } from '../check.ts';
import type { Context, Decide, Verdict } from '../commands.ts';
import type { ApprovalEvent } from '../events.ts';
import type { Approval, StageState } from '../model.ts';
import { openNextStage } from '../opening.ts';
import { NOTHING_HAPPENS, type Progress, record, startFrom, verdictOf } from '../progress.ts';
import { approvalsIn, controlSnapshot, isClosed } from '../reading.ts';

/**
 * Takes a decision: one rejection ends the request, enough approvals close the stage, and a request for changes hands it
 * back to the requester. A decision on a closed request is recorded as late and changes nothing.
 */
export function decideApproval(approval: Approval, command: Decide, context: Context): Verdict {
  const verdict = checkDecision(controlSnapshot(approval), command);
  const stage = stageAsking(approval, command.person);
  if (verdict === 'repeat') return NOTHING_HAPPENS;
  if (verdict === 'approval-closed' && isClosed(approval.state) && stage !== undefined) {
    return { events: [eventOf('late_decision', stage, command, context)] };
  }
  if (verdict !== 'accept') return { refusal: verdict };
  // Somebody who has left may still hold a link, and be asked until the stage is refreshed.
  if (stage === undefined || context.facts.inactive.has(command.person)) return { refusal: 'not-an-approver' };
  const decided = record(startFrom(approval), eventOf('decided', stage, command, context));
  return verdictOf(followUp(decided, stage.index, command, context));
}

function followUp(progress: Progress, stage: number, { person, decision }: Decide, context: Context): Progress {
  const { at } = context;
  switch (decision) {
    case 'approve':
      return isMet(progress.approval.stages[stage])
        ? openNextStage(record(progress, { type: 'stage_approved', at, stage, by: 'quorum' }), context)
        : progress;
    case 'reject':
      return record(
        progress,
        { type: 'stage_rejected', at, stage },
        { type: 'rejected', at, reason: { code: 'rejected-by-approver', stage } },
      );
    case 'request_changes':
      return record(progress, { type: 'changes_requested', at, stage, person });
  }
}

function isMet(stage: StageState | undefined): boolean {
  return stage !== undefined && approvalsIn(stage) >= stage.required;
}

/** The stage in which a decision of this person would count: the open one where it asks them, else the last that did. */
function stageAsking({ stages }: Approval, person: string): StageState | undefined {
  const asking = stages.filter((stage) => stage.asked.some((candidate) => candidate.person === person));
  return asking.find((stage) => stage.state === 'open') ?? asking.at(-1);
}

function eventOf(
  type: 'decided' | 'late_decision',
  stage: StageState,
  command: Decide,
  { at }: Context,
): ApprovalEvent {
  const { person, decision, channel } = command;
  const onBehalfOf = stage.asked.find((candidate) => candidate.person === person)?.onBehalfOf ?? null;
  return { type, at, stage: stage.index, person, decision, channel, onBehalfOf };
}
