import type { ControlSnapshot } from './check.ts';
import type { Approval, ApprovalStateName, DecisionKind, PersonId, StageState } from './model.ts';

/** Whether nothing can change a request in this state any more. */
export function isClosed(state: ApprovalStateName): boolean {
  return state !== 'pending' && state !== 'changes_requested';
}

/** The stage that is being asked, or that waits for the requester's changes; null before the first and once all is over. */
export function openStageOf(approval: Approval): StageState | null {
  return approval.stages.find((stage) => stage.state === 'open') ?? null;
}

/** Everybody who has decided in the current revision, in whatever stage: one person counts once in the whole request. */
export function countedPeople(approval: Approval): ReadonlySet<PersonId> {
  return new Set(approval.stages.flatMap((stage) => stage.decisions.map((decision) => decision.person)));
}

/** Whether this person's decision counts in this stage. */
export function hasDecided(stage: StageState, person: PersonId): boolean {
  return stage.decisions.some((decision) => decision.person === person);
}

/** How many approvals the stage has. */
export function approvalsIn(stage: StageState): number {
  return stage.decisions.filter((decision) => decision.decision === 'approve').length;
}

/** Whether people have approved it: each stage that was asked by as many as it needed, and none by its timeout or a small amount alone. */
export function isApprovedByPeople({ state, stages }: Approval): boolean {
  const approved = stages.filter((stage) => stage.state === 'approved');
  return (
    state === 'approved' &&
    approved.length > 0 &&
    approved.every((stage) => stage.required > 0 && approvalsIn(stage) >= stage.required)
  );
}

/** What `checkDecision` needs to know of a request. */
export function controlSnapshot(approval: Approval): ControlSnapshot {
  const asking = approval.stages.filter((stage) => approval.state !== 'pending' || stage.state === 'open');
  const decisions = approval.stages.flatMap((stage) => stage.decisions);
  return {
    state: approval.state,
    revision: approval.revision,
    closed: isClosed(approval.state),
    asked: [...new Set(asking.flatMap((stage) => stage.asked.map((candidate) => candidate.person)))],
    decided: Object.fromEntries(
      decisions.map((decision): [PersonId, DecisionKind] => [decision.person, decision.decision]),
    ),
    requester: approval.parties.requester,
    creator: approval.parties.creator,
    ...(approval.parties.beneficiary ? { beneficiary: approval.parties.beneficiary } : {}),
  };
}
