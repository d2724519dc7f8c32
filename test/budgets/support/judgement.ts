import { addAmounts, type Amount, compareAmounts } from '../../../src/platform/money.ts';
import { isModel } from '../../../src/usage/rules/model-names.ts';
import type { ExceededAction, MeasureKind } from '../../../src/budgets/rules.ts';

/** What one budget is judged by, as `countersign.reserve` has to judge it under its locks. */
export interface Judged {
  readonly limit: Amount;
  readonly settled: Amount;
  readonly held: Amount;
  readonly exceededAction: ExceededAction;
  readonly freeModels: readonly string[];
  readonly ceiling: Amount;
  /** What the enforcement has taken, if anything. */
  readonly measure?: MeasureKind | null;
}

/** As much as may be settled and held together where a call names this model; null: without end. */
export function mostFor(
  { exceededAction, limit, ceiling, freeModels }: Pick<Judged, 'exceededAction' | 'limit' | 'ceiling' | 'freeModels'>,
  model: string | null,
): Amount | null {
  if (exceededAction === 'notify') return null;
  return exceededAction === 'restrict' && isFree(model, freeModels) ? ceiling : limit;
}

/** Whether a call is for a model that may go on; not where it is left open which. */
function isFree(model: string | null, freeModels: readonly string[]): boolean {
  return model !== null && freeModels.some((free) => isModel(free, model));
}

/** Whether nothing is let through, whatever room there is. */
function isClosed(
  { measure = null, freeModels }: Pick<Judged, 'measure' | 'freeModels'>,
  model: string | null,
): boolean {
  return measure === 'suspended' || (measure === 'restricted' && !isFree(model, freeModels));
}

/** Whether an amount still fits into a budget. */
export function fits(budget: Judged, amount: Amount, model: string | null): boolean {
  if (isClosed(budget, model)) return false;
  const most = mostFor(budget, model);
  return most === null || compareAmounts(addAmounts(addAmounts(budget.settled, budget.held), amount), most) <= 0;
}
