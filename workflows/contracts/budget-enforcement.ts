/** Opaque ids, codes and moments only: nothing here may say how much money there is, whose it is or who somebody is. */

export const BUDGET_ENFORCEMENT = 'budgetEnforcement';

/** Brings an event to a workflow, which is started where there is none. */
export const BUDGET_EVENT_SIGNAL = 'budgetEvent';

/** The same for every start: one workflow for each budget and period, and an event finds the one that is there. */
export function budgetEnforcementWorkflowId(period: string): string {
  return `budget-enforcement-${period}`;
}

export interface BudgetPeriodRef {
  readonly organization: string;
  readonly period: string;
}

/** Two of them are told of; all of them are reason to look. */
export type BudgetEventType =
  | 'warning-crossed'
  | 'limit-reached'
  | 'first-refusal'
  | 'terms-changed'
  | 'increase-closed';

/** What people are told of. */
export function isCrossing(type: BudgetEventType): type is 'warning-crossed' | 'limit-reached' {
  return type === 'warning-crossed' || type === 'limit-reached';
}

export interface BudgetEvent {
  /** The outbox message's: the same however often it is brought. */
  readonly id: string;
  readonly type: BudgetEventType;
}

export interface BudgetEnforcementInput extends BudgetPeriodRef {
  /** Events that an earlier run had heard and not looked at. */
  readonly heard?: readonly BudgetEvent[];
}

export type MeasureKind = 'awaiting_approval' | 'restricted' | 'suspended';

export type UndoneBecause = 'period-over' | 'budget-removed' | 'no-longer-needed' | 'cancelled';

/** What is to be done next, as the database says. Decided there, so that rules may change while workflows run. */
export type EnforcementStep =
  | { readonly do: 'end' }
  | { readonly do: 'wait' }
  | { readonly do: 'take'; readonly kind: MeasureKind }
  | { readonly do: 'conclude'; readonly measure: string }
  | {
      readonly do: 'undo';
      readonly measure: string;
      readonly kind: MeasureKind;
      readonly because: UndoneBecause;
    };

export interface LookResult {
  readonly step: EnforcementStep;
  /** What is in force, also where an earlier run took it. */
  readonly inForce: { readonly measure: string; readonly kind: MeasureKind } | null;
  /** Milliseconds since 1970: when to look again where nothing is heard. */
  readonly wakeAt: number;
}

interface At {
  /** Milliseconds since 1970: when the step was decided on. It is judged by what holds when it is carried out. */
  readonly at: number;
}

export interface MeasureInput extends BudgetPeriodRef, At {
  /** Chosen by the workflow before the measure is taken, so that it can be undone whatever became of the attempt. */
  readonly measure: string;
}

/** One transaction each, which may run any number of times and changes something once. */
export interface BudgetEnforcementActivities {
  lookAtBudget(input: BudgetPeriodRef & At): Promise<LookResult>;
  tellOfCrossing(
    input: BudgetPeriodRef & At & { readonly event: string; readonly type: 'warning-crossed' | 'limit-reached' },
  ): Promise<void>;
  askForIncrease(input: MeasureInput): Promise<void>;
  concludeIncrease(input: MeasureInput): Promise<void>;
  imposeMeasure(input: MeasureInput & { readonly kind: 'restricted' | 'suspended' }): Promise<void>;
  undoMeasure(input: MeasureInput & { readonly kind: MeasureKind; readonly because: UndoneBecause }): Promise<void>;
}
