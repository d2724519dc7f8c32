import type { Context, Verdict } from '../commands.ts';
import type { ApprovalEvent } from '../events.ts';
import type { Approval, Candidate } from '../model.ts';
import { NOTHING_HAPPENS } from '../progress.ts';
import { countedPeople, hasDecided, openStageOf } from '../reading.ts';
import { resolveStage } from '../resolve.ts';

/**
 * Resolves the open stage again, after memberships or absences have changed. Those who have decided stay; the quorum may
 * grow with the stage, and never shrinks. A stage that was stuck before and has not changed is not told again.
 */
export function refresh(approval: Approval, { at, facts }: Context): Verdict {
  const stage = openStageOf(approval);
  if (approval.state !== 'pending' || stage === null) return NOTHING_HAPPENS;
  const resolution = resolveStage(stage, facts, approval.parties, countedPeople(approval), at);
  const undecided = stage.asked.filter((candidate) => !hasDecided(stage, candidate.person));
  const leaving = without(undecided, resolution.candidates).map((candidate) => candidate.person);
  const coming = without(resolution.candidates, undecided);
  const base = { at, stage: stage.index };
  const changes: readonly ApprovalEvent[] = [
    ...(leaving.length > 0 ? [{ ...base, type: 'unasked', people: leaving } as const] : []),
    ...(coming.length > 0 ? [{ ...base, type: 'asked', candidates: coming } as const] : []),
    ...(resolution.required > stage.required
      ? [{ ...base, type: 'quorum_raised', required: resolution.required } as const]
      : []),
  ];
  const stuck = changes.length > 0 && resolution.problems.length > 0;
  return { events: stuck ? [...changes, { ...base, type: 'stuck', problems: resolution.problems }] : changes };
}

/** Somebody who is still asked, but now for another absent person or for none, leaves and comes again. */
function without(candidates: readonly Candidate[], others: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(
    ({ person, onBehalfOf }) => !others.some((other) => other.person === person && other.onBehalfOf === onBehalfOf),
  );
}
