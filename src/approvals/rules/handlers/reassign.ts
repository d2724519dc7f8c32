import type { Context, Reassign, Refusal, Verdict } from '../commands.ts';
import { placeSeats } from '../delegation.ts';
import { isEligible, isParty } from '../eligibility.ts';
import type { Approval, Candidate, Parties, PersonId, StageState } from '../model.ts';
import { NOTHING_HAPPENS } from '../progress.ts';
import { countedPeople, hasDecided, openStageOf } from '../reading.ts';
import { isSeatOf, reassignedSeat, seatOf } from '../reassignment.ts';
import { isNamed } from '../seats.ts';

/**
 * Asks `to` instead of `from` in the open stage. In a stage that cannot be met `from` need not be asked any more, but must
 * have had a seat: it is then added again. Where `to` is absent, their delegate is asked.
 */
export function reassign(approval: Approval, command: Reassign, context: Context): Verdict {
  const stage = openStageOf(approval);
  if (approval.state !== 'pending' || stage === null) return { refusal: 'approval-closed' };
  if (command.stage !== undefined && command.stage !== stage.index) return { refusal: 'stage-not-open' };
  if (wasReassigned(stage, command)) return NOTHING_HAPPENS;
  const replaced = stage.asked.find(({ person }) => person === command.from && !hasDecided(stage, person));
  if (replaced === undefined && !isVacated(stage, command, approval.parties, context)) return { refusal: 'not-asked' };
  const to = candidateFor(command, replaced, approval, context);
  if (typeof to === 'string') return { refusal: to };
  if (isTaken(to.person, approval, stage)) return { refusal: 'already-asked' };
  return { events: [{ type: 'reassigned', at: context.at, stage: stage.index, from: command.from, to }] };
}

/** Whether the stage lacks somebody and `from` had a seat in it: by the rules, in somebody's place, or before it was resolved again. */
function isVacated(stage: StageState, { from, wasAsked }: Reassign, parties: Parties, { facts }: Context): boolean {
  if (stage.asked.length >= stage.required) return false;
  const { approvers, escalateTo } = stage.rule;
  const rules = stage.escalated ? [...approvers, ...escalateTo] : approvers;
  return (
    wasAsked === true ||
    isNamed(rules, from, facts, parties) ||
    stage.asked.some((candidate) => isSeatOf(candidate, from))
  );
}

/** The same reassignment again, from a caller who did not hear the first answer. */
function wasReassigned(stage: StageState, { from, to }: Reassign): boolean {
  return stage.asked
    .map(seatOf)
    .some(({ person, reason }) => reason.type === 'reassigned' && reason.from === from && person === to);
}

function candidateFor(
  { from, to }: Reassign,
  replaced: Candidate | undefined,
  approval: Approval,
  { at, facts }: Context,
): Candidate | Refusal {
  if (isParty(to, approval.parties)) return 'separation-of-duties';
  if (!isEligible(to, facts, approval.parties)) return 'not-available';
  const { candidates } = placeSeats([reassignedSeat(from, to, replaced)], facts, approval.parties, at);
  return candidates[0] ?? 'not-available';
}

function isTaken(person: PersonId, approval: Approval, stage: StageState): boolean {
  return stage.asked.some((candidate) => candidate.person === person) || countedPeople(approval).has(person);
}
