import type { Context, Remind, Verdict } from '../commands.ts';
import type { Approval } from '../model.ts';
import { NOTHING_HAPPENS } from '../progress.ts';
import { hasDecided } from '../reading.ts';
import { timedStage } from '../timed-stage.ts';

/** Reminds everybody who is asked and has not answered, by timer or by hand. */
export function remind(approval: Approval, command: Remind, { at }: Context): Verdict {
  const stage = timedStage(approval, command);
  if (stage === null) return NOTHING_HAPPENS;
  const people = stage.asked.map((candidate) => candidate.person).filter((person) => !hasDecided(stage, person));
  return people.length === 0 ? NOTHING_HAPPENS : { events: [{ type: 'reminded', at, stage: stage.index, people }] };
}
