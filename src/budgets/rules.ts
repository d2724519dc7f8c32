/** The one door to the rules of budgets. Everything behind it is pure. */
export { fits, type Judged, mostFor } from './rules/judgement.ts';
export { type BudgetState, EXCEEDED_ACTIONS, type ExceededAction, PERIOD_KINDS, type PeriodKind } from './rules/model.ts';
export { type Period, periodAt, type PeriodCalendar } from './rules/periods.ts';
export { appliesTo, type BudgetScope, type SpendPlace } from './rules/scope.ts';
export { availableOf, crossingOf, type Figures, stateOf } from './rules/standing.ts';
export {
  type AlertSettings, type BudgetTerms, DEFAULT_EXCEEDED_ACTION, DEFAULT_HARD_LIMIT_PERCENT, DEFAULT_WARNING_THRESHOLD, exceededActionOf, type PeriodTerms, type Raise, termsAt, warningThresholdOf,
} from './rules/terms.ts';
