import type { Context, Deadline, Verdict } from '../commands.ts';
import { placeSeats } from '../delegation.ts';
import type { Approval, Candidate, StageState } from '../model.ts';
import { openNextStage } from '../opening.ts';
import type { Problem } from '../problems.ts';
import { NOTHING_HAPPENS, type Progress, record, startFrom, verdictOf } from '../progress.ts';
import { countedPeople } from '../reading.ts';
import { escalationSeats, resolveStage } from '../resolve.ts';
import { stageTimes } from '../stage-times.ts';
import { timedStage } from '../timed-stage.ts';

/**
 * The time of a stage has run out: it is escalated (once), approved or rejected as its rule says. A deadline that was
 * replaced by another one since, or that is told twice, does nothing.
 */
export function deadline(approval: Approval, command: Deadline, context: Context): Verdict {
  const stage = timedStage(approval, command);
  if (stage === null || stage.deadlineAt?.getTime() !== command.deadlineAt.getTime()) return NOTHING_HAPPENS;
  const progress = startFrom(approval);
  if (stage.rule.onTimeout === 'approve') return verdictOf(approveStage(progress, stage, context));
  if (stage.rule.onTimeout === 'escalate' && !stage.escalated) return verdictOf(escalate(progress, stage, context));
  return verdictOf(rejectRequest(progress, stage, context));
}

function approveStage(progress: Progress, { index }: StageState, context: Context): Progress {
  return openNextStage(
    record(progress, { type: 'stage_approved', at: context.at, stage: index, by: 'timeout' }),
    context,
  );
}

function rejectRequest(progress: Progress, { index, escalated }: StageState, { at }: Context): Progress {
  const reason = { code: 'timeout', stage: index, escalated } as const;
  return record(progress, { type: 'stage_expired', at, stage: index }, { type: 'rejected', at, reason });
}

/**
 * Asks more people and gives everybody the timeout once more; whoever was asked before may still answer. Where the
 * calendar gives no second deadline, the stage stays open without one, and says that it is stuck.
 */
function escalate(progress: Progress, stage: StageState, context: Context): Progress {
  const { at, calendars } = context;
  const candidates = escalationCandidates(progress.approval, stage, context);
  const { deadlineAt, problems: timing } = stageTimes(stage, at, calendars);
  const escalated = record(progress, { type: 'escalated', at, stage: stage.index, candidates, deadlineAt });
  const problems = [
    ...timing,
    ...unreachable(stage, candidates),
    ...remainingProblems(escalated.approval, stage.index, context),
  ];
  return problems.length === 0 ? escalated : record(escalated, { type: 'stuck', at, stage: stage.index, problems });
}

function escalationCandidates(approval: Approval, stage: StageState, { at, facts }: Context): readonly Candidate[] {
  const asked = new Set(stage.asked.map((candidate) => candidate.person));
  const counted = countedPeople(approval);
  const { candidates } = placeSeats(escalationSeats(stage, facts, approval.parties), facts, approval.parties, at);
  return candidates.filter(({ person }) => !asked.has(person) && !counted.has(person));
}

function unreachable({ index }: StageState, candidates: readonly Candidate[]): readonly Problem[] {
  return candidates.length === 0 ? [{ code: 'escalation-unreachable', stage: index }] : [];
}

function remainingProblems(approval: Approval, index: number, { at, facts }: Context): readonly Problem[] {
  const stage = approval.stages[index];
  return stage === undefined ? [] : resolveStage(stage, facts, approval.parties, countedPeople(approval), at).problems;
}
