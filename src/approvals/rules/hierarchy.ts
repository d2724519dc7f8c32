import { type Amount, compareAmounts, formatAmount, InvalidAmountError, parseAmount } from '../../platform/money.ts';
import type { Role } from '../../tenancy/rules/roles.ts';
import type { Chain, StageRule } from './model.ts';
import type { BelowLowestThreshold } from './outcome.ts';
import type { Problem } from './problems.ts';
import { approvedAtOnce } from './stages.ts';

/** A role and the amount that goes with it, as a decimal string in the hierarchy's currency. */
export interface HierarchyEntry {
  readonly role: Role;
  readonly threshold: string;
}

/** `cumulative`: a role is asked from its threshold on. `authority`: a threshold is the most that the role may approve alone. */
export interface Hierarchy {
  readonly entries: readonly HierarchyEntry[];
  readonly mode: 'cumulative' | 'authority';
}

/** The chain that a hierarchy makes for an amount. `approvedAtOnce` goes with a chain whose stages are all left out. */
export type HierarchyResult =
  | { readonly chain: Chain; readonly approvedAtOnce?: BelowLowestThreshold }
  | { readonly problems: readonly Problem[] };

type Step = HierarchyEntry & { readonly limit: Amount };

/** What keeps a hierarchy from being stored or used: no entry, a role twice, a threshold that is no amount. */
export function validateHierarchy(entries: readonly HierarchyEntry[]): readonly Problem[] {
  if (entries.length === 0) return [{ code: 'empty-hierarchy', stage: null }];
  return entries.flatMap(({ role, threshold }, index): readonly Problem[] => [
    ...(entries.findIndex((entry) => entry.role === role) < index
      ? [{ code: 'duplicate-role', stage: null, role } as const]
      : []),
    ...(isAmount(threshold) ? [] : [{ code: 'invalid-threshold', stage: null, role } as const]),
  ]);
}

/** Makes the chain for a request of `amount` (decimal string, null where it has none). Equal thresholds keep their order. */
export function chainFromHierarchy({ entries, mode }: Hierarchy, amount: string | null): HierarchyResult {
  const problems = validateHierarchy(entries);
  if (problems.length > 0) return { problems };
  if (amount === null) return { problems: [{ code: 'amount-needed', stage: null }] };
  const steps = entries
    .map((entry) => ({ ...entry, limit: parseAmount(entry.threshold) }))
    .toSorted((a, b) => compareAmounts(a.limit, b.limit));
  return mode === 'cumulative' ? cumulativeChain(steps, amount) : authorityChain(steps, amount);
}

function cumulativeChain(steps: readonly Step[], amount: string): HierarchyResult {
  const asked = steps.filter((step) => compareAmounts(step.limit, parseAmount(amount)) <= 0);
  if (asked.length > 0) return { chain: chainOf(asked.map(({ role }) => stageOf(role, null))) };
  const chain = chainOf(steps.map(({ role, threshold }) => stageOf(role, threshold)));
  const reason = approvedAtOnce(chain.stages, amount);
  return reason === null ? { chain } : { chain, approvedAtOnce: reason };
}

function authorityChain(steps: readonly Step[], amount: string): HierarchyResult {
  const sufficient = steps.find((step) => compareAmounts(step.limit, parseAmount(amount)) >= 0);
  if (sufficient !== undefined) return { chain: chainOf([stageOf(sufficient.role, null)]) };
  const highest = steps.at(-1);
  return {
    problems:
      highest === undefined ? [] : [{ code: 'above-all-authority', stage: null, highest: formatAmount(highest.limit) }],
  };
}

function chainOf(stages: readonly StageRule[]): Chain {
  return { stages, origin: 'hierarchy' };
}

/** A stage that one holder of the role closes. */
export function stageOf(role: Role, amountAtLeast: string | null): StageRule {
  return {
    approvers: [{ role }],
    required: 1,
    timeout: null,
    calendar: null,
    onTimeout: 'reject',
    escalateTo: [],
    reminders: [],
    amountAtLeast,
  };
}

function isAmount(text: string): boolean {
  try {
    parseAmount(text);
    return true;
  } catch (error) {
    if (error instanceof InvalidAmountError) return false;
    throw error;
  }
}
