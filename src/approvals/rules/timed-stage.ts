import type { Approval, StageState } from './model.ts';
import { openStageOf } from './reading.ts';

/** The open stage if it is the one that a timer was set for, in the revision it was set in; null where that is over. */
export function timedStage(
  approval: Approval,
  timer: { readonly stage: number; readonly revision: number },
): StageState | null {
  const stage = openStageOf(approval);
  const current = approval.state === 'pending' && approval.revision === timer.revision && stage?.index === timer.stage;
  return current ? stage : null;
}
