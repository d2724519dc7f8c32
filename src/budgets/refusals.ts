import { InvalidRequest, ProblemError } from '../platform/errors.ts';
import type { RefusedBy } from './holds.ts';
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

/**
 * The amount does not fit into these budgets. The problem names the nearest of them; where some are under `suspend`, the nearest of
 * those.
 */
export function refusal(budgets: readonly BudgetName[], { suspendedBy, usedUp }: RefusedBy): ProblemError {
  const suspending = among(budgets, suspendedBy);
  const [nearest] = suspending.length > 0 ? suspending : budgets;
  const extension = {
    budget: nearest?.name ?? null,
    budgets: budgets.map(({ name, team }) => ({ name, team_id: team })),
  };
  return suspending.length > 0
    ? new ProblemError('budget-suspended', whySuspended(suspending, among(suspending, usedUp)), extension)
    : new ProblemError(
        'budget-exceeded',
        `The amount does not fit into the budget ${namesIn(budgets)}. Ask for less, or have it raised.`,
        extension,
      );
}

function whySuspended(suspending: readonly BudgetName[], usedUp: readonly BudgetName[]): string {
  return usedUp.length > 0
    ? `Spending is suspended: the budget ${namesIn(usedUp)} was used up. Have it raised or overridden, or wait for its next period.`
    : `The amount does not fit into what is left of the budget ${namesIn(suspending)}, which suspends spending once it is used up. Ask for less, or have it raised or overridden.`;
}

function among(budgets: readonly BudgetName[], ids: readonly string[]): BudgetName[] {
  return budgets.filter(({ id }) => ids.includes(id));
}

function namesIn(budgets: readonly BudgetName[]): string {
  return budgets.map(nameOf).join(', ');
}

function nameOf({ name, team }: BudgetName): string {
  return `“${name}” of ${team === null ? 'the organization' : `team ${team}`}`;
}
