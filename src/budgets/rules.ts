/** The one door to the rules of budgets. Everything behind it is pure. */
export {
  alertMessage,
  type Crossing,
  type EnforcementStep,
  type InForce,
  isAnsweredByIncrease,
  isIncreaseSpare,
  isStillTrue,
  nextStep,
  percentUsed,
  type Standing,
  type UndoneBecause,
} from './rules/enforcement.ts';
export {
  type AlertType,
  type BudgetState,
  EXCEEDED_ACTIONS,
  type ExceededAction,
  type MeasureKind,
  PERIOD_KINDS,
  type PeriodKind,
} from './rules/model.ts';
export { type Period, periodAt } from './rules/periods.ts';
export { availableOf, crossingOf, stateOf } from './rules/standing.ts';
export {
  type AlertSettings,
  type BudgetTerms,
  exceededActionOf,
  increaseOf,
  type PeriodTerms,
  type Raise,
  termsAt,
  warningThresholdOf,
} from './rules/terms.ts';
