import type {
  ApproverRule,
  Candidate,
  OrganizationFacts,
  Parties,
  PersonId,
  Quorum,
  Reason,
  StageRule,
} from '../../../src/approvals/rules.ts';
import type { History, Moment } from './histories.ts';

// Who may be asked, told a second time and in another way than the rules tell it, to hold them against.

const mayDecide = (person: PersonId, facts: OrganizationFacts, parties: Parties) => {
  return person !== parties.requester && person !== parties.creator && !facts.inactive.has(person);
};

const isAway = (person: PersonId, facts: OrganizationFacts, at: Date) => {
  return facts.absences.some((absence) => absence.person === person && absence.from <= at && at < absence.until);
};

/** Whether somebody may rightly be asked in a stage at a moment, for the reason that is given. */
export function isRightlyAsked(
  { person, reason, onBehalfOf }: Candidate,
  rule: StageRule,
  moment: Moment,
  history: History,
): boolean {
  const { facts, at } = moment.context;
  const { parties } = moment.before;
  const seat = reason.type === 'delegate' ? { person: reason.of, reason: reason.because } : { person, reason };
  const named =
    seat.reason.type === 'reassigned'
      ? wasReassigned(seat.reason.from, seat.person, history)
      : isNamed(seat.person, seat.reason, rule.approvers, rule, facts, parties);
  return (
    named &&
    mayDecide(person, facts, parties) &&
    mayDecide(seat.person, facts, parties) &&
    !isAway(person, facts, at) &&
    onBehalfOf === (seat.person === person ? null : seat.person) &&
    (seat.person === person || leadsTo(seat.person, person, facts, parties, at))
  );
}

function wasReassigned(from: PersonId, to: PersonId, { moments }: History): boolean {
  return moments.some(
    ({ command, result }) =>
      command.type === 'reassign' && command.from === from && command.to === to && 'events' in result,
  );
}

/** Follows the first absence of everybody on the way, as long as there is one. */
function leadsTo(
  absentee: PersonId,
  delegate: PersonId,
  facts: OrganizationFacts,
  parties: Parties,
  at: Date,
): boolean {
  const way = [absentee];
  for (;;) {
    const last = way.at(-1);
    const absence = facts.absences.find(
      (candidate) => candidate.person === last && candidate.from <= at && at < candidate.until,
    );
    if (absence === undefined)
      return last === delegate && way.slice(1).every((person) => mayDecide(person, facts, parties));
    if (way.includes(absence.delegate)) return false;
    way.push(absence.delegate);
  }
}

function isNamed(
  person: PersonId,
  reason: Reason,
  approvers: readonly ApproverRule[],
  rule: StageRule,
  facts: OrganizationFacts,
  parties: Parties,
): boolean {
  switch (reason.type) {
    case 'named':
      return approvers.some((approver) => 'person' in approver && approver.person === person);
    case 'manager':
      return (
        facts.requestersManager === person &&
        approvers.some((approver) => 'role' in approver && approver.role === 'manager')
      );
    case 'role':
      return (
        approvers.some((approver) => 'role' in approver && approver.role === reason.role) &&
        nearestHolders(reason.role, facts, parties).includes(person)
      );
    case 'escalation':
      return isNamed(person, reason.because, rule.escalateTo, rule, facts, parties);
    case 'reassigned':
    case 'delegate':
      return false;
  }
}

function nearestHolders(role: string, facts: OrganizationFacts, parties: Parties): PersonId[] {
  const eligible = facts.holders.filter((holder) => holder.role === role && mayDecide(holder.person, facts, parties));
  const nearest = facts.teamPath.find((team) => eligible.some((holder) => holder.team === team));
  return eligible.filter((holder) => holder.team === nearest).map((holder) => holder.person);
}

/** How many approvals a stage needs at least when it opens in this organization. */
export function quorumFor(rule: StageRule, facts: OrganizationFacts, parties: Parties): number {
  const owners = new Set(
    rule.approvers.flatMap((approver) => {
      if ('person' in approver) return mayDecide(approver.person, facts, parties) ? [approver.person] : [];
      const manager = facts.requestersManager;
      if (approver.role === 'manager' && manager !== null && mayDecide(manager, facts, parties)) return [manager];
      return nearestHolders(approver.role, facts, parties);
    }),
  );
  return countFor(rule.required, owners.size);
}

function countFor(required: Quorum, owners: number): number {
  if (typeof required === 'number') return required;
  return required === 'all' ? Math.max(owners, 1) : Math.ceil((owners + 1) / 2);
}
