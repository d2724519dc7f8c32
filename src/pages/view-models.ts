/** What the pages show. Services fill these in; a page never asks for more. Times are instants, shown in UTC. */

/** A text that was there and was erased together with its person's key. */
export interface Erased {
  readonly erased: true;
}

/** A text that someone may or may not have written: `null` was never written, {@link Erased} is no longer readable. */
export type OptionalText = string | Erased | null;

/** An exact decimal and its ISO 4217 code. */
export interface AmountView {
  readonly value: string;
  readonly currency: string;
}

/** A person or service. A name of `null` was erased; a guest, asked by address only, has no `userId`. */
export interface PersonView {
  readonly name: string | null;
  readonly userId: string | null;
}

export type ApprovalState = 'pending' | 'approved' | 'rejected' | 'withdrawn' | 'expired' | 'changes_requested';
export type StageState = 'waiting' | 'open' | 'approved' | 'rejected' | 'skipped' | 'expired';
export type Decision = 'approve' | 'reject' | 'request_changes';

/** A decision that counts. `onBehalfOf` is the absent approver's name; `name` is `null` when it was erased. */
export interface DecisionView {
  readonly name: string | null;
  readonly decision: Decision;
  readonly comment: OptionalText;
  readonly at: Date;
  readonly channel: string;
  readonly onBehalfOf: string | null;
}

/** Someone who is asked, and why. */
export interface ApproverView extends PersonView {
  readonly reason: string | null;
}

/** One step of the chain. `required` approvals close it. */
export interface StageView {
  readonly index: number;
  readonly name: string | null;
  readonly state: StageState;
  readonly escalated: boolean;
  readonly required: number;
  readonly openedAt: Date | null;
  readonly deadlineAt: Date | null;
  readonly approvers: readonly ApproverView[];
  readonly decisions: readonly DecisionView[];
}

/** A request for approval, as a person who may see it sees it. A title of `null` was erased. */
export interface ApprovalView {
  readonly id: string;
  readonly title: string | null;
  readonly description: OptionalText;
  readonly kind: string;
  readonly state: ApprovalState;
  readonly revision: number;
  readonly teamName: string;
  readonly requester: PersonView;
  readonly amount: AmountView | null;
  /** Any JSON value that the requester attached; `null` when there is none. */
  readonly context: unknown;
  readonly createdAt: Date;
  readonly decidedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly outcomeReason: OptionalText;
  readonly stages: readonly StageView[];
}

/** One entry of a request's timeline. `stage` counts from 0. */
export interface TimelineEntryView {
  readonly at: Date;
  readonly type: string;
  readonly stage: number | null;
  readonly name: string | null;
  readonly channel: string | null;
  readonly detail: OptionalText;
}

/** Who is signed in, with the token that the sign-out form sends back. */
export interface SignedInView {
  readonly name: string | null;
  readonly csrfToken: string;
}

/** What every page knows about the place it is shown in. */
export interface PageContext {
  readonly organization?: string | null;
  readonly signedInAs?: SignedInView | null;
  readonly nav?: readonly NavItem[];
}

/** One link of the page's navigation. */
export interface NavItem {
  readonly href: string;
  readonly label: string;
  readonly current?: boolean;
}
