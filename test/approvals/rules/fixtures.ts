import type { Role } from '../../../src/tenancy/rules/roles.ts';
import {
  type Approval,
  type ApprovalEvent,
  type ApproverRule,
  type Chain,
  type Command,
  type Context,
  handle,
  type Handled,
  newApproval,
  type OrganizationFacts,
  type Parties,
  type PersonId,
  type Problem,
  type Refusal,
  type StageRule,
  type TeamId,
} from '../../../src/approvals/rules.ts';

/** A Monday morning. */
export const AT = new Date('2026-11-23T10:00:00Z');
export const TEAM = 'team';
export const DEPARTMENT = 'department';
export const PARTIES: Parties = { requester: 'requester', creator: 'creator' };

/** Names of people stand for themselves; `@role` stands for a role. */
export function approvers(...names: string[]): ApproverRule[] {
  return names.map((name) => (name.startsWith('@') ? { role: name.slice(1) as Role } : { person: name }));
}

export function stage(names: string[], rule: Partial<Omit<StageRule, 'approvers'>> = {}): StageRule {
  return {
    approvers: approvers(...names),
    required: 1,
    timeout: null,
    calendar: null,
    onTimeout: 'reject',
    escalateTo: [],
    reminders: [],
    amountAtLeast: null,
    ...rule,
  };
}

export function chain(...stages: StageRule[]): Chain {
  return { stages, origin: 'chain' };
}

export function facts(known: Partial<OrganizationFacts> = {}): OrganizationFacts {
  return {
    teamPath: [TEAM, DEPARTMENT, null],
    holders: [],
    requestersManager: null,
    absences: [],
    inactive: new Set(),
    ...known,
  };
}

export function holder(role: Role, person: PersonId, team: TeamId = TEAM): OrganizationFacts['holders'][number] {
  return { team, role, person };
}

export function absent(person: PersonId, delegate: PersonId): OrganizationFacts['absences'][number] {
  return { person, delegate, from: new Date('2026-11-01T00:00:00Z'), until: new Date('2026-12-01T00:00:00Z') };
}

export function context(known: Partial<Context> = {}): Context {
  return { at: AT, facts: facts(), calendars: new Map(), ...known };
}

export function created(stages: StageRule[], amount: string | null = null): Approval {
  return newApproval({ parties: PARTIES, amount, chain: chain(...stages), createdAt: AT, expiresAt: null });
}

/** Carries out a command that must not be refused. */
export function carryOut(approval: Approval, command: Command, given: Context = context()): Handled {
  const handled = handle(approval, command, given);
  if ('refusal' in handled) throw new Error(`${command.type} was refused: ${handled.refusal}`);
  return handled;
}

export function opened(stages: StageRule[], given: Context = context(), amount: string | null = null): Approval {
  return carryOut(created(stages, amount), { type: 'open' }, given).approval;
}

export function refusalOf(approval: Approval, command: Command, given: Context = context()): Refusal | null {
  const handled = handle(approval, command, given);
  return 'refusal' in handled ? handled.refusal : null;
}

export function decision(
  person: PersonId,
  decided: 'approve' | 'reject' | 'request_changes' = 'approve',
): Command & { type: 'decide' } {
  return { type: 'decide', person, decision: decided, channel: 'api' };
}

export function approvedBy(approval: Approval, ...people: PersonId[]): Approval {
  return people.reduce((current, person) => carryOut(current, decision(person)).approval, approval);
}

export function asked(
  approval: Approval,
  index = approval.stages.findIndex((candidate) => candidate.state === 'open'),
): PersonId[] {
  return approval.stages[index]?.asked.map((candidate) => candidate.person) ?? [];
}

export function types(events: readonly ApprovalEvent[]): string[] {
  return events.map((event) => event.type);
}

export function stageStates(approval: Approval): string[] {
  return approval.stages.map((each) => each.state);
}

export function codes(problems: readonly Problem[]): string[] {
  return problems.map((problem) => (problem.stage === null ? problem.code : `${problem.code}@${problem.stage}`));
}
