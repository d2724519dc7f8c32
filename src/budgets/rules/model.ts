/** How long a budget lasts before it starts afresh. */
export const PERIOD_KINDS = ['daily', 'weekly', 'monthly', 'quarterly'] as const;
export type PeriodKind = (typeof PERIOD_KINDS)[number];

/** What happens when a budget is used up: `notify` only tells; all others refuse what does not fit. */
export const EXCEEDED_ACTIONS = ['notify', 'require_approval', 'restrict', 'suspend'] as const;
export type ExceededAction = (typeof EXCEEDED_ACTIONS)[number];

/** What the enforcement takes when a budget is used up. */
export type MeasureKind = 'awaiting_approval' | 'restricted' | 'suspended';

/** What became of a measure. `impossible`: there is nobody who could be asked. */
export type MeasureState = 'in_force' | 'granted' | 'declined' | 'lifted' | 'impossible';

export type AlertType = 'budget_warning' | 'budget_exceeded' | 'budget_increase_impossible';

/** The state of a budget in its current period. `awaiting_approval` is the enforcement's to say. */
export type BudgetState = 'open' | 'warning' | 'exceeded' | 'awaiting_approval' | 'restricted' | 'suspended';
