import type { Calendar } from '../../tenancy/rules/business-time.ts';
import type { DecisionRefusal } from './check.ts';
import type { ApprovalEvent } from './events.ts';
import type { Chain, Channel, DecisionKind, OrganizationFacts, PersonId } from './model.ts';

/** What a resubmission changed. The texts themselves, the context and the currency are the store's. */
export interface Changes {
  /** The amount as it now is; left out where nobody touched it. */
  readonly amount?: string | null;
  /** The chain as it now is; also where a hierarchy makes another one for the new amount. */
  readonly chain?: Chain;
  /** Something else that approvers agree to has changed: the context, or the currency of the amount. */
  readonly contextChanged?: boolean;
  /** Only words have changed: title or description. */
  readonly textChanged?: boolean;
}

/** Right after creation: asks the first stage, or approves at once. */
export interface Open {
  readonly type: 'open';
}
export interface Decide {
  readonly type: 'decide';
  readonly person: PersonId;
  readonly decision: DecisionKind;
  readonly channel: Channel;
  /** The revision that the person saw, where the channel knows it. */
  readonly revision?: number | undefined;
}
export interface Withdraw {
  readonly type: 'withdraw';
}
export interface Reassign {
  readonly type: 'reassign';
  readonly from: PersonId;
  readonly to: PersonId;
  readonly stage?: number | undefined;
  /** `from` was asked in the open stage before and is asked no longer, which the request itself does not remember. */
  readonly wasAsked?: boolean | undefined;
}
export interface Resubmit {
  readonly type: 'resubmit';
  readonly changes: Changes;
}
/** The time of a stage has run out. `deadlineAt` is the deadline that was waited for: a stage can be given another one. */
export interface Deadline {
  readonly type: 'deadline';
  readonly stage: number;
  readonly revision: number;
  readonly deadlineAt: Date;
}
export interface Remind {
  readonly type: 'remind';
  readonly stage: number;
  readonly revision: number;
}
export interface Expire {
  readonly type: 'expire';
}
/** Memberships, absences or people have changed: the open stage is resolved again. */
export interface Refresh {
  readonly type: 'refresh';
}

export type Command = Open | Decide | Withdraw | Reassign | Resubmit | Deadline | Remind | Expire | Refresh;

/** What a command is carried out against: the moment, the organization at that moment, and every calendar the chain names. */
export interface Context {
  readonly at: Date;
  readonly facts: OrganizationFacts;
  readonly calendars: ReadonlyMap<string, Calendar>;
}

/**
 * Why a command is not carried out. `approval-closed` also while changes are requested, where the command needs a stage
 * that is being asked. Of a reassignment: `stage-not-open` (another stage is), `not-asked` (`from` has nothing to give),
 * `already-asked` and `not-available` (`to` cannot take it). Of a resubmission: `nothing-changed`.
 */
export type Refusal =
  | DecisionRefusal
  | 'stage-not-open'
  | 'not-asked'
  | 'already-asked'
  | 'not-available'
  | 'nothing-changed';

/** What a command leads to: a refusal, or what happens. No event: it had happened already, or is no longer due. */
export type Verdict = { readonly refusal: Refusal } | { readonly events: readonly ApprovalEvent[] };
