import { ProblemError } from '../platform/errors.ts';
import type { BudgetName } from './queries.ts';

/** The amount does not fit into a budget; the problem names the nearest one. */
export function refusal(budgets: readonly BudgetName[], suspended: boolean): ProblemError {
  const names = budgets
    .map(({ name, team }) => `“${name}” of ${team === null ? 'the organization' : `team ${team}`}`)
    .join(', ');
  const extension = {
    budget: budgets[0]?.name ?? null,
    budgets: budgets.map(({ name, team }) => ({ name, team_id: team })),
  };
  if (suspended)
    return new ProblemError(
      'budget-suspended',
      `Spending is suspended: the budget ${names} is used up. Have it raised or overridden, or wait for its next period.`,
      extension,
    );
  return new ProblemError(
    'budget-exceeded',
    `The amount does not fit into the budget ${names}. Ask for less, or have it raised.`,
    extension,
  );
}
