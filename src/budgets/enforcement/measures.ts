import type { EntityManager } from '@mikro-orm/postgresql';
import type { Origin, Transaction } from '../../platform/unit-of-work.ts';
import { BudgetMeasure } from '../entities.ts';
import type { EnforcementStep, MeasureKind } from '../rules.ts';

/** Which period of which organization; internal ids. */
export interface PeriodRef {
  readonly organization: string;
  readonly period: string;
}

/** A measure of a period, by the id that its workflow chose before taking it. */
export interface MeasureRef extends PeriodRef {
  readonly measure: string;
}

/** The enforcement acts for nobody: what people decided stands in the entries of their decisions. */
export function enforcementOrigin(organization: string): Origin {
  return { organization, actor: { type: 'workflow', id: null }, requestId: null };
}

/** Whether a measure was taken, or undone before it was: an attempt that comes again finds it. */
export async function isKnown(em: EntityManager, measure: string): Promise<boolean> {
  return (await em.count(BudgetMeasure, { id: measure })) > 0;
}

/** Writes a measure down as in force. Of a period there is one at most; the database refuses a second. */
export async function addMeasure(
  { em, at }: Transaction,
  { organization, period, measure }: MeasureRef,
  more: Pick<BudgetMeasure, 'kind' | 'state'> & Partial<Pick<BudgetMeasure, 'approval' | 'amount' | 'endedAt'>>,
): Promise<BudgetMeasure> {
  const row = em.create(BudgetMeasure, { id: measure, organization, period, createdAt: at, ...more });
  await em.persist(row).flush();
  return row;
}

/**
 * Has reservations and readers see what is in force. What is closed is leased no more, and every list that was remembered is
 * read anew.
 */
export async function showMeasure(em: EntityManager, period: string, kind: MeasureKind | null): Promise<void> {
  const closes = kind === 'restricted' || kind === 'suspended';
  await em.execute(
    'update countersign.budget_periods set measure = ?::text, escrow = escrow and not ?::boolean where id = ?',
    [kind, closes, period],
  );
}

/** Whether a step is still the one that is to be taken, now that everybody else waits. */
export function isWanted(step: EnforcementStep, kind: MeasureKind): boolean {
  return step.do === 'take' && step.kind === kind;
}
