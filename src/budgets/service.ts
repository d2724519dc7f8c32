/** The door of this room: what other features may use. */
export { currentAlerts } from './enforcement/alert-service.ts';
export type { AlertView } from './enforcement/alert-view.ts';
export type { BudgetService, BudgetView } from './budget-service.ts';
export { presentBudget } from './present.ts';
export { type BudgetStanding, budgetStandings } from './standings.ts';
