import type { Role } from '../../tenancy/rules/roles.ts';
import { isEligible, isParty } from './eligibility.ts';
import type { ApproverRule, OrganizationFacts, Parties, PersonId, Quorum, Reason } from './model.ts';

/** A place in a stage, and whose it is. An absent person keeps the seat: somebody else is asked in it. */
export interface Seat {
  readonly person: PersonId;
  readonly reason: Reason;
}

/** The seats of a stage, each held by an eligible person of their own, and what became of everybody else. */
export interface Seating {
  readonly seats: readonly Seat[];
  readonly parties: number;
  readonly inactive: number;
  readonly vacantRoles: readonly Role[];
}

/**
 * Who the rules name, in their order, each person once (the first reason wins). Requester and creator are taken out here,
 * before anybody is replaced by a delegate, so that nobody can stand in for them.
 */
export function seatStage(rules: readonly ApproverRule[], facts: OrganizationFacts, parties: Parties): Seating {
  const named = rules.map((rule) => seatsOf(rule, facts, parties));
  const everybody = distinctSeats(named.flat());
  return {
    seats: everybody.filter((seat) => isEligible(seat.person, facts, parties)),
    parties: everybody.filter((seat) => isParty(seat.person, parties)).length,
    inactive: everybody.filter((seat) => !isParty(seat.person, parties) && facts.inactive.has(seat.person)).length,
    vacantRoles: [
      ...new Set(rules.flatMap((rule, index) => ('role' in rule && named[index]?.length === 0 ? [rule.role] : []))),
    ],
  };
}

/** Whether the rules name the person, by name or by a role; also where they may not decide, or can no longer. */
export function isNamed(
  rules: readonly ApproverRule[],
  person: PersonId,
  facts: OrganizationFacts,
  parties: Parties,
): boolean {
  return rules.some((rule) => seatsOf(rule, facts, parties).some((seat) => seat.person === person));
}

/** Keeps the first seat of every person. */
export function distinctSeats(seats: readonly Seat[]): readonly Seat[] {
  const first = new Map<PersonId, Seat>();
  for (const seat of seats) if (!first.has(seat.person)) first.set(seat.person, seat);
  return [...first.values()];
}

/** How many approvals a quorum asks for among `people`. Never 0: a stage without people must not pass by itself. */
export function approvalsNeeded(quorum: Quorum, people: number): number {
  if (quorum === 'all') return Math.max(1, people);
  if (quorum === 'majority') return Math.floor(people / 2) + 1;
  return quorum;
}

function seatsOf(rule: ApproverRule, facts: OrganizationFacts, parties: Parties): readonly Seat[] {
  if ('person' in rule) return [{ person: rule.person, reason: { type: 'named' } }];
  const manager = facts.requestersManager;
  if (rule.role === 'manager' && manager !== null && isEligible(manager, facts, parties)) {
    return [{ person: manager, reason: { type: 'manager' } }];
  }
  return seatsOfRole(rule.role, facts, parties);
}

/** Everybody who holds the role in the nearest team that has an eligible holder. */
function seatsOfRole(role: Role, facts: OrganizationFacts, parties: Parties): readonly Seat[] {
  for (const team of facts.teamPath) {
    const holders = facts.holders.filter((holder) => holder.team === team && holder.role === role);
    if (holders.some((holder) => isEligible(holder.person, facts, parties))) {
      return holders.map(({ person }) => ({ person, reason: { type: 'role', role, team } }));
    }
  }
  return [];
}
