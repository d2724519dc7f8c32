import { isEligible } from './eligibility.ts';
import type { Absence, Candidate, OrganizationFacts, Parties, PersonId } from './model.ts';
import type { Seat } from './seats.ts';

/** Who is asked in each seat, and how many seats ask nobody of their own. */
export interface Placement {
  readonly candidates: readonly Candidate[];
  /** Seats whose owner is absent and has no delegate who may decide. */
  readonly absent: number;
  /** Seats whose delegate is asked already: one person counts once. */
  readonly sharedDelegate: number;
}

/**
 * Asks the owner of each seat, or the delegate of an absent one. Whoever is asked in a seat of their own is not listed a
 * second time as somebody's delegate. The seats' owners are eligible and distinct.
 */
export function placeSeats(seats: readonly Seat[], facts: OrganizationFacts, parties: Parties, at: Date): Placement {
  const placed = seats.map((seat) => ({ seat, asked: standInFor(seat.person, facts, parties, at) }));
  const taken = new Set(placed.flatMap(({ seat, asked }) => (asked === seat.person ? [asked] : [])));
  const candidates: Candidate[] = [];
  let absent = 0;
  let sharedDelegate = 0;
  for (const { seat, asked } of placed) {
    if (asked === null) absent += 1;
    else if (asked === seat.person) candidates.push({ ...seat, onBehalfOf: null });
    else if (taken.has(asked)) sharedDelegate += 1;
    else {
      taken.add(asked);
      candidates.push(delegateOf(seat, asked));
    }
  }
  return { candidates, absent, sharedDelegate };
}

/**
 * Who answers for an eligible person at this moment: they themselves, or the delegate they named, who may be absent too
 * and have named another. Null where that leads to somebody who may not decide, or in a circle.
 */
export function standInFor(person: PersonId, facts: OrganizationFacts, parties: Parties, at: Date): PersonId | null {
  const passed = new Set<PersonId>();
  let current = person;
  for (let absence = absenceOf(current, facts, at); absence !== undefined; absence = absenceOf(current, facts, at)) {
    passed.add(current);
    current = absence.delegate;
    if (passed.has(current) || !isEligible(current, facts, parties)) return null;
  }
  return current;
}

function absenceOf(person: PersonId, facts: OrganizationFacts, at: Date): Absence | undefined {
  return facts.absences.find((absence) => absence.person === person && absence.from <= at && at < absence.until);
}

function delegateOf(seat: Seat, person: PersonId): Candidate {
  return { person, reason: { type: 'delegate', of: seat.person, because: seat.reason }, onBehalfOf: seat.person };
}
