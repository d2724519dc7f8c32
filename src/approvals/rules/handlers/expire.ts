import type { Context, Verdict } from '../commands.ts';
import type { Approval } from '../model.ts';
import { NOTHING_HAPPENS, record, startFrom, verdictOf } from '../progress.ts';
import { isClosed, openStageOf } from '../reading.ts';

/** Ends a request whose own time has run out, whatever its stages still wait for. */
export function expire(approval: Approval, { at }: Context): Verdict {
  if (isClosed(approval.state)) return NOTHING_HAPPENS;
  const stage = openStageOf(approval);
  const progress =
    stage === null
      ? startFrom(approval)
      : record(startFrom(approval), { type: 'stage_expired', at, stage: stage.index });
  return verdictOf(record(progress, { type: 'expired', at, reason: { code: 'expired' } }));
}
