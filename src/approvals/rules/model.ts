import type { Role } from '../../tenancy/rules/roles.ts';

/** Internal UUID of a person (a user of the organization, or a guest who is known by an address only). */
export type PersonId = string;
/** Internal UUID of a team. `null` stands for the organization's root, above every team. */
export type TeamId = string | null;

/** Who is named in a stage: one person, or whoever holds a role when the stage opens. */
export type ApproverRule = { readonly person: PersonId } | { readonly role: Role };

/** How many approvals close a stage; `all` and `majority` count those left after the requester is taken out. */
export type Quorum = number | 'all' | 'majority';

/** What happens to a stage that nobody closed in time. */
export type OnTimeout = 'reject' | 'escalate' | 'approve';

/** One stage of a chain as it was asked for, in internal ids. Durations are ISO 8601; amounts are decimal strings. */
export interface StageRule {
  readonly approvers: readonly ApproverRule[];
  readonly required: Quorum;
  readonly timeout: string | null;
  /** Name of the business-time calendar in which `timeout` and `reminders` count; `null` counts plain time. */
  readonly calendar: string | null;
  readonly onTimeout: OnTimeout;
  readonly escalateTo: readonly ApproverRule[];
  readonly reminders: readonly string[];
  readonly amountAtLeast: string | null;
}

export interface Chain {
  readonly stages: readonly StageRule[];
  /** `chain`: the request brought it. `hierarchy`: made from the team's approval hierarchy. */
  readonly origin: 'chain' | 'hierarchy';
}

export interface Absence {
  readonly person: PersonId;
  readonly from: Date;
  readonly until: Date;
  readonly delegate: PersonId;
}

/** What the organization looks like at one moment, as far as one request needs to know it. */
export interface OrganizationFacts {
  /** The request's team first, then its parents upwards, `null` (the organization's root) last. */
  readonly teamPath: readonly TeamId[];
  /** Every membership in a team of the path that carries a role the chain asks for. Only active people. */
  readonly holders: readonly { readonly team: TeamId; readonly role: Role; readonly person: PersonId }[];
  /** The requester's manager in the nearest team of the path that names one. */
  readonly requestersManager: PersonId | null;
  readonly absences: readonly Absence[];
  /** People who are named but can no longer decide (removed from the organization, erased). */
  readonly inactive: ReadonlySet<PersonId>;
}

/** Who may never decide on a request: its requester, whoever made it and whom it is for (separation of duties). */
export interface Parties {
  readonly requester: PersonId | null;
  readonly creator: PersonId | null;
  /** Where a service asks on account of somebody. */
  readonly beneficiary?: PersonId | null;
}

/** Why somebody is asked. */
export type Reason =
  | { readonly type: 'named' }
  | { readonly type: 'role'; readonly role: Role; readonly team: TeamId }
  | { readonly type: 'manager' }
  | { readonly type: 'escalation'; readonly because: Reason }
  /** Asked instead of `from`. The place was `seat`'s, for the reason `because`; `null` where it was added to a stage that could not be met. */
  | { readonly type: 'reassigned'; readonly from: PersonId; readonly seat: PersonId; readonly because: Reason | null }
  | { readonly type: 'delegate'; readonly of: PersonId; readonly because: Reason };

export interface Candidate {
  readonly person: PersonId;
  readonly reason: Reason;
  /** The absent person in whose place the candidate is asked. */
  readonly onBehalfOf: PersonId | null;
}

export type DecisionKind = 'approve' | 'reject' | 'request_changes';
export type Channel = 'api' | 'link' | 'page' | 'system';
export type ApprovalStateName = 'pending' | 'approved' | 'rejected' | 'withdrawn' | 'expired' | 'changes_requested';
export type StageStateName = 'waiting' | 'open' | 'approved' | 'rejected' | 'skipped' | 'expired';

export interface Decision {
  readonly person: PersonId;
  readonly decision: DecisionKind;
  readonly at: Date;
  readonly channel: Channel;
  readonly onBehalfOf: PersonId | null;
}

export interface StageState {
  readonly index: number;
  readonly rule: StageRule;
  readonly state: StageStateName;
  readonly escalated: boolean;
  /** Approvals needed, once the stage was resolved (when it opened, or for a preview); 0 before, and where it is skipped. */
  readonly required: number;
  readonly openedAt: Date | null;
  /** `null` also while changes are requested: nobody can answer then. */
  readonly deadlineAt: Date | null;
  /** Who is asked, those who have decided included; as it was at the end once the stage is closed, empty while it waits. */
  readonly asked: readonly Candidate[];
  /** Decisions that count in the current revision. */
  readonly decisions: readonly Decision[];
}

/** One request at one moment: all that the rules need to decide what happens next. */
export interface Approval {
  readonly state: ApprovalStateName;
  readonly revision: number;
  readonly parties: Parties;
  readonly amount: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly stages: readonly StageState[];
}
