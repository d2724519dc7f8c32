/** The one door to the rules of budgets. Everything behind it is pure. */
export { fits } from './rules/judgement.ts';
export {
  type BudgetState,
  EXCEEDED_ACTIONS,
  type ExceededAction,
  PERIOD_KINDS,
  type PeriodKind,
} from './rules/model.ts';
export { type Period, periodAt } from './rules/periods.ts';
export { appliesTo } from './rules/scope.ts';
export { availableOf, crossingOf, stateOf } from './rules/standing.ts';
export {
  type AlertSettings,
  type BudgetTerms,
  exceededActionOf,
  type PeriodTerms,
  type Raise,
  termsAt,
  warningThresholdOf,
} from './rules/terms.ts';
