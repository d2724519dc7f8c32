import type { ControlSnapshot, DecisionAttempt } from '../../src/approvals/rules/check.ts';

/** Opaque ids, codes and moments only: nothing here may say who somebody is or what they wrote. */

export const APPROVAL_CHAIN = 'approvalChain';

/** The same for every start, so that a repeated start finds the workflow that is already there. */
export function approvalWorkflowId(approval: string): string {
  return `approval-${approval}`;
}

export interface ApprovalRef {
  readonly organization: string;
  readonly approval: string;
}

/** What a workflow waits for next. Moments are milliseconds since 1970. */
export interface PendingTimers {
  readonly stage: number | null;
  readonly deadlineAt: number | null;
  /** Earliest first; those that are over were taken out. */
  readonly remindAt: readonly number[];
  readonly expiresAt: number | null;
}

/** All that a workflow knows of its request. The database is the record; this is what it said last. */
export interface ApprovalControl {
  /** The request's version, which grows with every change: an older answer never replaces a newer one. */
  readonly version: number;
  readonly snapshot: ControlSnapshot;
  readonly timers: PendingTimers;
}

export interface ApprovalChainInput extends ApprovalRef {
  readonly control: ApprovalControl;
  /** Intents that were carried out in earlier runs: Update ids deduplicate within one run only. */
  readonly settled?: readonly string[];
  /** Timers that have fired in earlier runs. */
  readonly fired?: readonly string[];
}

export type IntentKind = 'decide' | 'withdraw' | 'reassign' | 'resubmit' | 'remind' | 'refresh';

/** An Update's argument. The intent's id is the Update's id too. */
export interface IntentInput {
  readonly intent: string;
  /** Of a decision: enough to refuse it before anything is recorded. */
  readonly attempt?: DecisionAttempt;
  /** The request's version that the sender has seen: a workflow that was told of an older one only is in no position to refuse. */
  readonly version?: number;
}

export interface IntentOutcome {
  readonly outcome: 'applied' | 'repeated' | 'late' | 'refused';
  /** Why it was refused: one of the rules' refusals. */
  readonly refusal?: string;
}

export type TimerKind = 'deadline' | 'remind' | 'expire';

export interface FireTimerInput extends ApprovalRef {
  readonly timer: TimerKind;
  readonly stage: number | null;
  readonly revision: number;
  /** The moment that was waited for. */
  readonly dueAt: number;
  readonly at: number;
}

export interface ApplyIntentInput extends ApprovalRef {
  readonly intent: string;
  readonly at: number;
}

export interface ApplyIntentResult {
  readonly result: IntentOutcome;
  readonly control: ApprovalControl;
}

/** One activity per transition: it writes the change, its timeline, its audit entry and its outbox rows together. */
export interface ApprovalActivities {
  applyIntent(input: ApplyIntentInput): Promise<ApplyIntentResult>;
  fireTimer(input: FireTimerInput): Promise<ApprovalControl>;
}
