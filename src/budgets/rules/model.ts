/** How long a budget lasts before it starts afresh. */
export const PERIOD_KINDS = ['daily', 'weekly', 'monthly', 'quarterly'] as const;
export type PeriodKind = (typeof PERIOD_KINDS)[number];

/** What happens when a budget is used up: `notify` only tells; all others refuse what does not fit. */
export const EXCEEDED_ACTIONS = ['notify', 'require_approval', 'restrict', 'suspend'] as const;
export type ExceededAction = (typeof EXCEEDED_ACTIONS)[number];

/** The state of a budget in its current period. `awaiting_approval` is the enforcement's to say. */
export type BudgetState = 'open' | 'warning' | 'exceeded' | 'awaiting_approval' | 'restricted' | 'suspended';
