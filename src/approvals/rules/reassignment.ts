import { standInFor } from './delegation.ts';
import { isEligible } from './eligibility.ts';
import type { Candidate, OrganizationFacts, Parties, PersonId, Reason } from './model.ts';
import { distinctSeats, type Seat } from './seats.ts';

/** Where a seat came from: whose it was by the rules, and why; `reason` is null where it was added to a stage that lacked one. */
export interface SeatOrigin {
  readonly person: PersonId;
  readonly reason: Reason | null;
}

/** The seat that a candidate is asked in: the absent owner's, where the candidate is a delegate. */
export function seatOf({ person, reason }: Candidate): Seat {
  return reason.type === 'delegate' ? { person: reason.of, reason: reason.because } : { person, reason };
}

/** Undoes a reassignment; any other seat is its own origin. */
export function originOf(seat: Seat): SeatOrigin {
  return seat.reason.type === 'reassigned' ? { person: seat.reason.seat, reason: seat.reason.because } : seat;
}

/** Whether the candidate is asked in a seat that is, or once was, this person's. */
export function isSeatOf(candidate: Candidate, person: PersonId): boolean {
  const seat = seatOf(candidate);
  return (
    [candidate.person, seat.person, originOf(seat).person].includes(person) ||
    (seat.reason.type === 'reassigned' && seat.reason.from === person)
  );
}

/**
 * The seat of `to`, who takes over from `from`. `replaced` is what `from` is asked as; undefined where `from` is not asked
 * and a seat is added.
 */
export function reassignedSeat(from: PersonId, to: PersonId, replaced: Candidate | undefined): Seat {
  const origin = replaced === undefined ? { person: from, reason: null } : originOf(seatOf(replaced));
  return { person: to, reason: { type: 'reassigned', from, seat: origin.person, because: origin.reason } };
}

/**
 * Puts those to whom seats were reassigned into their places. Where they can no longer be asked themselves, the seat falls
 * back to whom the rules name, rather than to nobody.
 */
export function keepReassignments(
  seats: readonly Seat[],
  asked: readonly Candidate[],
  facts: OrganizationFacts,
  parties: Parties,
  at: Date,
): readonly Seat[] {
  const reassigned = asked.map(seatOf).filter((seat) => {
    return (
      seat.reason.type === 'reassigned' &&
      isEligible(seat.person, facts, parties) &&
      standInFor(seat.person, facts, parties, at) !== null
    );
  });
  const bySeat = new Map(reassigned.map((seat) => [originOf(seat).person, seat]));
  return distinctSeats([...seats.map((seat) => bySeat.get(seat.person) ?? seat), ...reassigned]);
}
