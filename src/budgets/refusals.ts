import { InvalidRequest, ProblemError } from '../platform/errors.ts';
import type { BudgetName } from './queries.ts';

/** There is no exchange rate from what the team spends to what the nearest of these budgets is in. @param currency the team's */
export function inconvertible(budgets: readonly BudgetName[], currency: string): InvalidRequest {
  const [nearest] = budgets;
  if (!nearest) throw new Error('no budget is in another currency');
  return new InvalidRequest([
    {
      path: 'team_id',
      message: `the budget ${nameOf(nearest)} is in ${nearest.currency}, the team spends ${currency}, and there is no exchange rate at this time: set one with PUT /api/v1/organization/exchange-rates/${currency}/${nearest.currency}, or let that budget only notify`,
    },
  ]);
}

/** The amount does not fit into a budget; the problem names the nearest one. */
export function refusal(budgets: readonly BudgetName[], suspended: boolean): ProblemError {
  const names = budgets.map(nameOf).join(', ');
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

function nameOf({ name, team }: BudgetName): string {
  return `“${name}” of ${team === null ? 'the organization' : `team ${team}`}`;
}
