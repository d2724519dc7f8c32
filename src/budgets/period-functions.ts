import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../platform/database/sql-arrays.ts';

/*
 * What the database does with the account of a period, by its id.
 */

/**
 * Locks it in the order in which everybody locks, frees what has run out on it, and brings together what its parts hold: nothing
 * is booked on it until the transaction ends.
 */
export async function gatherPeriod(em: EntityManager, period: string, at: Date): Promise<void> {
  await em.execute('select countersign.gather_budgets(?::uuid[], ?::timestamptz)', [plainArray([period]), at]);
}

/** Tells once of each crossing, and says what may be leased. The period is locked. */
export async function noteCrossings(em: EntityManager, period: string, at: Date): Promise<void> {
  await em.execute('select countersign.note_budget_crossings(?::uuid[], ?::timestamptz)', [plainArray([period]), at]);
}

/** Has the enforcement look again, since terms have changed; where nothing was crossed, there is nothing to look at. */
export async function tellOfTerms(em: EntityManager, period: string, at: Date): Promise<void> {
  await em.execute('select countersign.tell_of_budget_terms(?::uuid[], ?::timestamptz)', [plainArray([period]), at]);
}

/** Has a period count the live holds that it does not count yet. @param teams whose; null: everybody's */
export async function adoptHolds(
  em: EntityManager,
  period: string,
  teams: readonly string[] | null,
  at: Date,
): Promise<void> {
  await em.execute('select countersign.adopt_holds(?::uuid, ?::uuid[], ?::timestamptz)', [
    period,
    teams && plainArray(teams),
    at,
  ]);
}
