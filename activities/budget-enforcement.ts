import type { BudgetAlerts } from '../src/budgets/enforcement/alerts.ts';
import type { BudgetEnforcement } from '../src/budgets/enforcement/enforcement.ts';
import type { BudgetIncreases } from '../src/budgets/enforcement/increases.ts';
import type { BudgetEnforcementActivities } from '../workflows/contracts/budget-enforcement.ts';

export interface BudgetEnforcementParts {
  readonly enforcement: BudgetEnforcement;
  readonly increases: BudgetIncreases;
  readonly alerts: BudgetAlerts;
}

/** What the workflow of a budget's period has done in the database. */
export function budgetEnforcementActivities({
  enforcement,
  increases,
  alerts,
}: BudgetEnforcementParts): BudgetEnforcementActivities {
  return {
    async lookAtBudget({ at, ...period }) {
      const { step, inForce, wakeAt } = await enforcement.look(period, new Date(at));
      return { step, inForce, wakeAt: wakeAt?.getTime() ?? at };
    },
    tellOfCrossing: ({ event: id, type, at, ...period }) => alerts.tell(period, { id, type }, new Date(at)),
    askForIncrease: ({ at, ...measure }) => increases.ask(measure, new Date(at)),
    concludeIncrease: ({ at, ...measure }) => increases.conclude(measure, new Date(at)),
    imposeMeasure: ({ kind, at, ...measure }) => enforcement.impose(measure, kind, new Date(at)),
    undoMeasure: ({ kind, because, at, ...measure }) => enforcement.undo(measure, kind, because, new Date(at)),
  };
}
