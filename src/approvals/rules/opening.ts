import type { Context } from './commands.ts';
import type { Approval, StageState } from './model.ts';
import type { OutcomeReason } from './outcome.ts';
import { type Progress, record } from './progress.ts';
import { approvalsIn, countedPeople } from './reading.ts';
import { resolveStage } from './resolve.ts';
import { stageTimes } from './stage-times.ts';
import { approvedAtOnce, isLeftOut } from './stages.ts';

/** Skips what the amount leaves out and asks the first stage; where nothing is left to ask, the request is approved. */
export function openRequest(progress: Progress, context: Context): Progress {
  const { stages, amount } = progress.approval;
  const leftOut = stages.filter((stage) => isLeftOut(stage.rule, amount));
  const skipped = leftOut.map(({ index }) => ({ type: 'stage_skipped', at: context.at, stage: index }) as const);
  return openNextStage(record(progress, ...skipped), context);
}

/** Asks the next stage that waits; after the last one the request is approved. */
export function openNextStage(progress: Progress, context: Context): Progress {
  const next = progress.approval.stages.find((stage) => stage.state === 'waiting');
  if (next !== undefined) return openStage(progress, next, context);
  return record(progress, { type: 'approved', at: context.at, reason: approvalReason(progress.approval) });
}

/**
 * Asks a stage, for the first time or again after changes, and starts its times. Who is asked is resolved at this moment;
 * a stage that cannot be met all the same opens, so that it can be reassigned, and says that it is stuck; so does one
 * whose times its calendar no longer gives, which opens without a deadline.
 */
export function openStage(progress: Progress, stage: StageState, { at, facts, calendars }: Context): Progress {
  const {
    candidates,
    required,
    problems: shortages,
  } = resolveStage(stage, facts, progress.approval.parties, countedPeople(progress.approval), at);
  const { deadlineAt, remindAt, problems: timing } = stageTimes(stage, at, calendars);
  const opened = record(progress, {
    type: 'stage_opened',
    at,
    stage: stage.index,
    candidates,
    required,
    deadlineAt,
    remindAt,
  });
  const problems = [...shortages, ...timing];
  return problems.length === 0 ? opened : record(opened, { type: 'stuck', at, stage: stage.index, problems });
}

function approvalReason({ stages, amount }: Approval): OutcomeReason {
  const atOnce = approvedAtOnce(
    stages.map((stage) => stage.rule),
    amount,
  );
  if (atOnce !== null) return atOnce;
  const approved = stages.filter((stage) => stage.state === 'approved');
  const byTimeout = approved.filter((stage) => approvalsIn(stage) < stage.required).map((stage) => stage.index);
  return { code: 'stages-approved', stages: approved.length, byTimeout };
}
