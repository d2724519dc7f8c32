/** The door of this room: what other features may use. */
export type { BudgetService } from './budget-service.ts';
export type { ReservationService } from './reservation-service.ts';
