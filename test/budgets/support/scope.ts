import { isModel } from '../../../src/usage/rules/model-names.ts';

/** Whose spending a budget counts. The whole organization is the team that ends every path. */
export interface BudgetScope {
  readonly team: string;
  readonly person: string | null;
  readonly provider: string | null;
  readonly model: string | null;
}

/** Who spends what; provider and model are null where a reservation leaves them open. */
export interface SpendPlace {
  /** The team and everything above it, the organization last. */
  readonly teamPath: readonly string[];
  readonly person: string;
  readonly provider: string | null;
  readonly model: string | null;
}

/**
 * Whether a spend counts in a budget: the team or one below it, and the person, provider and model that the budget names, the
 * model's dated snapshots included. Where it is not said yet which provider or model it will be, it may be any of them, and counts.
 */
export function appliesTo(budget: BudgetScope, spend: SpendPlace): boolean {
  return (
    spend.teamPath.includes(budget.team) &&
    (budget.person === null || budget.person === spend.person) &&
    (budget.provider === null || spend.provider === null || budget.provider === spend.provider) &&
    (budget.model === null || spend.model === null || isModel(budget.model, spend.model))
  );
}
