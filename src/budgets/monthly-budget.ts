import type { FieldError } from '../platform/errors.ts';
import { InvalidRequest } from '../platform/errors.ts';
import { compareAmounts, exactly } from '../platform/money.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { lockedBillingSettings, touchBillingSettings } from '../tenancy/service.ts';
import { Budget } from './entities.ts';
import type { PeriodKind } from './rules.ts';

/** The name of the team's budget whose amount `monthly_budget` of the billing settings is. */
export const MONTHLY = 'monthly';

const PERIOD: PeriodKind = 'monthly';

/**
 * Whether a team's budget of this name limits all that the team spends in a month: otherwise the settings would show the limit of
 * something else as the team's.
 * @throws InvalidRequest where it would not
 */
export function demandWholeMonth(name: string, { scope, period }: { scope: object; period: PeriodKind }): void {
  if (name !== MONTHLY) return;
  const because = `the budget \`${MONTHLY}\` is the team’s \`monthly_budget\`. Choose another name for this one`;
  const problems: FieldError[] = [
    ...(Object.keys(scope).length > 0 ? [{ path: 'scope', message: `must be empty: ${because}` }] : []),
    ...(period === PERIOD ? [] : [{ path: 'period', message: `must be \`${PERIOD}\`: ${because}` }]),
  ];
  if (problems.length > 0) throw new InvalidRequest(problems);
}

/**
 * Has a team's billing settings count as changed where their `monthly_budget` will be another one, so that whoever has read the
 * old one does not put it back unseen. Comes before the books are locked.
 * @param amount what the budget of this name will be; a decimal, null: none
 */
export async function tellSettings(tx: Transaction, team: string, name: string, amount: string | null): Promise<void> {
  if (name !== MONTHLY || team === tx.origin.organization) return;
  const settings = await lockedBillingSettings(tx, team);
  const known = await tx.em.findOne(Budget, { team, name, retiredAt: null }, { disableIdentityMap: true });
  if (!isSameAmount(known?.amount ?? null, amount)) await touchBillingSettings(tx, settings);
}

/** @param left decimals, as `right`; null: there is none */
export function isSameAmount(left: string | null, right: string | null): boolean {
  if (left === null || right === null) return left === right;
  return compareAmounts(exactly(left), exactly(right)) === 0;
}
