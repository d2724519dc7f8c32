import { placeSeats } from './delegation.ts';
import type { Candidate, OrganizationFacts, Parties, PersonId, StageState } from './model.ts';
import type { NotEnoughApprovers } from './problems.ts';
import { hasDecided } from './reading.ts';
import { keepReassignments, originOf, seatOf } from './reassignment.ts';
import { approvalsNeeded, distinctSeats, type Seat, type Seating, seatStage } from './seats.ts';

/** Whom a stage asks at one moment, those who have decided in it left out, and how many approvals it needs in all. */
export interface StageResolution {
  readonly candidates: readonly Candidate[];
  readonly required: number;
  /** Empty where enough people can be asked. */
  readonly problems: readonly NotEnoughApprovers[];
}

/**
 * Resolves a stage, waiting or open. `counted` are the people who have decided anywhere in this revision: they are taken
 * out last, so that the number of approvals needed stays what it was. An open stage keeps its decisions, its escalation
 * and its reassignments; and it never needs fewer approvals than before, so that a change of memberships or absences
 * cannot make a request easier to approve.
 */
export function resolveStage(
  stage: StageState,
  facts: OrganizationFacts,
  parties: Parties,
  counted: ReadonlySet<PersonId>,
  at: Date,
): StageResolution {
  const seating = seatStage(stage.rule.approvers, facts, parties);
  const kept = stage.asked.filter((candidate) => hasDecided(stage, candidate.person));
  const unanswered = withoutAnswered(seatsOf(stage, seating, facts, parties, at), kept);
  const placement = placeSeats(unanswered, facts, parties, at);
  const candidates = placement.candidates.filter((candidate) => !counted.has(candidate.person));
  const required = Math.max(stage.required, approvalsNeeded(stage.rule.required, countOwnSeats(seating.seats, kept)));
  const available = kept.length + candidates.length;
  const { parties: excluded, inactive, vacantRoles } = seating;
  const { absent, sharedDelegate } = placement;
  const leftOut = {
    parties: excluded,
    inactive,
    absent,
    sharedDelegate,
    decided: placement.candidates.length - candidates.length,
    vacantRoles,
  };
  const problems: NotEnoughApprovers[] =
    available < required ? [{ code: 'not-enough-approvers', stage: stage.index, required, available, leftOut }] : [];
  return { candidates, required, problems };
}

/** The seats of those to whom a stage escalates. */
export function escalationSeats(stage: StageState, facts: OrganizationFacts, parties: Parties): readonly Seat[] {
  const { seats } = seatStage(stage.rule.escalateTo, facts, parties);
  return seats.map(({ person, reason }) => ({ person, reason: { type: 'escalation', because: reason } }));
}

function seatsOf(
  stage: StageState,
  seating: Seating,
  facts: OrganizationFacts,
  parties: Parties,
  at: Date,
): readonly Seat[] {
  const escalated = stage.escalated ? escalationSeats(stage, facts, parties) : [];
  return keepReassignments(distinctSeats([...seating.seats, ...escalated]), stage.asked, facts, parties, at);
}

/** A seat in which somebody else has decided is answered: its owner, back from absence, would give it a second voice. */
function withoutAnswered(seats: readonly Seat[], kept: readonly Candidate[]): readonly Seat[] {
  const answered = new Set(kept.map(seatOf).flatMap((seat) => [seat.person, originOf(seat).person]));
  return seats.filter((seat) => !answered.has(seat.person));
}

/** The seats that `all` and `majority` count: the stage's own, also those of people who decided and have left since. */
function countOwnSeats(seats: readonly Seat[], kept: readonly Candidate[]): number {
  const owners = new Set(seats.map((seat) => seat.person));
  for (const origin of kept.map(seatOf).map(originOf)) {
    if (origin.reason !== null && origin.reason.type !== 'escalation') owners.add(origin.person);
  }
  return owners.size;
}
