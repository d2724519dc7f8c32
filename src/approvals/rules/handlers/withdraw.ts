import type { Context, Verdict } from '../commands.ts';
import type { Approval } from '../model.ts';
import { NOTHING_HAPPENS, record, startFrom, verdictOf } from '../progress.ts';
import { isClosed, openStageOf } from '../reading.ts';

/** Takes a request back. The stage that was being asked is not needed any more. */
export function withdraw(approval: Approval, { at }: Context): Verdict {
  if (approval.state === 'withdrawn') return NOTHING_HAPPENS;
  if (isClosed(approval.state)) return { refusal: 'approval-closed' };
  const stage = openStageOf(approval);
  const progress =
    stage === null
      ? startFrom(approval)
      : record(startFrom(approval), { type: 'stage_skipped', at, stage: stage.index });
  return verdictOf(record(progress, { type: 'withdrawn', at, reason: { code: 'withdrawn' } }));
}
