import type { Budgeted } from './budgeted.ts';

export interface NewReservation {
  readonly id: string;
  /** Keyed hash of what was asked for. */
  readonly request: Buffer;
  readonly amount: string;
  readonly currency: string;
  readonly expiresAt: Date;
}

export type ReserveOutcome =
  | { readonly outcome: 'held'; readonly amount: string; readonly expiresAt: Date }
  | ({ readonly outcome: 'refused' } & RefusedBy)
  /** There is no exchange rate to the currency of these budgets, which are hard. */
  | { readonly outcome: 'inconvertible'; readonly budgets: readonly string[] }
  | { readonly outcome: UsedBefore }
  | { readonly outcome: 'stale' }
  | { readonly outcome: 'again' };

/** The budgets that an amount does not fit into, by their ids. */
export interface RefusedBy {
  readonly budgets: readonly string[];
  /** Those of them that are under `suspend`. */
  readonly suspendedBy: readonly string[];
  /** Those of them that have nothing left because of what was spent; the others have, and not enough. */
  readonly usedUp: readonly string[];
}

/** What a reservation's id stands for already, where it holds nothing of what is asked for. */
export type UsedBefore = 'conflict' | 'released' | 'expired' | 'settled';

/** What is to be held, where, and when it was asked for. */
export interface Hold {
  readonly place: Budgeted;
  readonly wanted: NewReservation;
  readonly at: Date;
}
