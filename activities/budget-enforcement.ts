import type { BudgetAlerts } from '../src/budgets/enforcement/alerts.ts';
import type { BudgetEnforcement } from '../src/budgets/enforcement/enforcement.ts';
import type { BudgetIncreases } from '../src/budgets/enforcement/increases.ts';
import type { Clock } from '../src/platform/clock.ts';
import type { BudgetEnforcementActivities } from '../workflows/contracts/budget-enforcement.ts';

export interface BudgetEnforcementParts {
  readonly enforcement: BudgetEnforcement;
  readonly increases: BudgetIncreases;
  readonly alerts: BudgetAlerts;
  readonly clock: Clock;
}

/** What the workflow of a budget's period has done in the database. */
export function budgetEnforcementActivities({
  enforcement,
  increases,
  alerts,
  clock,
}: BudgetEnforcementParts): BudgetEnforcementActivities {
  // An attempt that comes late still brings the moment of the first: by that, a period would never be over.
  const present = (at: number) => new Date(Math.max(at, clock.now().getTime()));
  return {
    async lookAtBudget({ at, ...period }) {
      const { step, inForce, wakeAt } = await enforcement.look(period, present(at));
      return { step, inForce, wakeAt: wakeAt?.getTime() ?? at };
    },
    tellOfCrossing: ({ event: id, type, at, ...period }) => alerts.tell(period, { id, type }, present(at)),
    askForIncrease: ({ at, ...measure }) => increases.ask(measure, present(at)),
    concludeIncrease: ({ at, ...measure }) => increases.conclude(measure, present(at)),
    imposeMeasure: ({ kind, at, ...measure }) => enforcement.impose(measure, kind, present(at)),
    undoMeasure: ({ kind, because, at, ...measure }) => enforcement.undo(measure, kind, because, present(at)),
  };
}
