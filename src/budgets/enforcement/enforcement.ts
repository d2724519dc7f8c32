import type { ServiceRequests } from '../../approvals/service.ts';
import type { Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { BudgetMeasure } from '../entities.ts';
import type { PeriodBook } from '../period-book.ts';
import { type EnforcementStep, type MeasureKind, nextStep, type UndoneBecause } from '../rules.ts';
import {
  addMeasure,
  enforcementOrigin,
  isKnown,
  isWanted,
  type MeasureRef,
  type PeriodRef,
  showMeasure,
} from './measures.ts';
import type { BudgetNotices } from './notices.ts';
import { gatherPeriod } from '../period-functions.ts';
import { forgetRefusal, readStanding, teamOf } from './period-standing.ts';

/** What a period's workflow is told when it asks. */
export interface EnforcementLook {
  readonly step: EnforcementStep;
  readonly inForce: { readonly measure: string; readonly kind: MeasureKind } | null;
  /** When to ask again where nothing happens; null: at once, the period is over. */
  readonly wakeAt: Date | null;
}

interface EnforcementParts {
  readonly work: UnitOfWork;
  readonly book: PeriodBook;
  readonly requests: ServiceRequests;
  readonly notices: BudgetNotices;
}

/**
 * Carries out what the workflow of a period decides on: each step is one transaction that may run any number of times, and
 * records what it changes. It keeps nobody below a limit: that is the business of `countersign.reserve`, whether this runs or
 * not.
 */
export class BudgetEnforcement {
  readonly #parts: EnforcementParts;

  constructor(parts: EnforcementParts) {
    this.#parts = parts;
  }

  /** What is to be done next. */
  look({ organization, period }: PeriodRef, at: Date): Promise<EnforcementLook> {
    return this.#step(organization, at, async ({ em }) => {
      const { standing, period: row, forgetRefusalAt } = await readStanding(em, this.#parts.requests, period, at);
      if (forgetRefusalAt && forgetRefusalAt <= at) await forgetRefusal(em, period, at);
      const { inForce, askAgainAt } = standing;
      const moments = [row.endsAt, askAgainAt, forgetRefusalAt].flatMap((moment) =>
        moment && moment > at ? [moment.getTime()] : [],
      );
      return {
        step: nextStep(standing, at),
        inForce: inForce && { measure: inForce.id, kind: inForce.kind },
        wakeAt: moments.length === 0 ? null : new Date(Math.min(...moments)),
      };
    });
  }

  /** Restricts or suspends. Nothing happens where that was done or undone before, or is not wanted any more. */
  async impose(ref: MeasureRef, kind: 'restricted' | 'suspended', at: Date): Promise<void> {
    const { book, requests, notices } = this.#parts;
    await this.#step(ref.organization, at, async (tx) => {
      await gatherPeriod(tx.em, ref.period, at);
      const stands = await readStanding(tx.em, requests, ref.period, at);
      if ((await isKnown(tx.em, ref.measure)) || !isWanted(nextStep(stands.standing, at), kind)) return;
      await addMeasure(tx, ref, { kind, state: 'in_force' });
      await showMeasure(tx.em, ref.period, kind);
      await book.announce(tx.em, ref.organization);
      tx.record({
        action: 'budget.measure_taken',
        resource: { type: 'budget', id: stands.budget.id },
        team: teamOf(stands.budget),
        detail: { measure: ref.measure, kind },
      });
      await notices.tell(tx, `budget.${kind}`, stands);
    });
  }

  /**
   * Takes back what a measure did, and withdraws the approval that it waits for. One that was never taken, or is about to be
   * by an attempt that comes late, is written down as undone: that attempt then does nothing.
   */
  async undo(ref: MeasureRef, kind: MeasureKind, because: UndoneBecause, at: Date): Promise<void> {
    await this.#step(ref.organization, at, async (tx) => {
      await gatherPeriod(tx.em, ref.period, at);
      const measure = await tx.em.findOne(BudgetMeasure, { id: ref.measure });
      if (!measure) await addMeasure(tx, ref, { kind, state: 'lifted', endedAt: at });
      else if (measure.state === 'in_force') await this.#lift(tx, measure, because);
    });
  }

  async #lift(tx: Transaction, measure: BudgetMeasure, because: UndoneBecause): Promise<void> {
    const { em, at, origin } = tx;
    const { book, requests, notices } = this.#parts;
    const { id, kind, period, approval } = measure;
    measure.state = 'lifted';
    measure.endedAt = at;
    await em.flush();
    await showMeasure(em, period, null);
    if (approval) await requests.withdraw(tx, approval, WITHDRAWN[because]);
    await book.announce(em, origin.organization);
    const stands = await readStanding(em, requests, period, at);
    tx.record({
      action: 'budget.measure_lifted',
      resource: { type: 'budget', id: stands.budget.id },
      team: teamOf(stands.budget),
      detail: { measure: id, kind, because },
    });
    if (kind !== 'awaiting_approval') await notices.tell(tx, 'budget.restored', stands, { lifted: kind, because });
  }

  #step<Result>(organization: string, at: Date, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#parts.work.bookkeep(enforcementOrigin(organization), work, at);
  }
}

const WITHDRAWN: Readonly<Record<UndoneBecause, string>> = {
  'period-over': 'The period of the budget is over.',
  'budget-removed': 'The budget was taken back.',
  'no-longer-needed': 'The budget does not need it any more.',
  cancelled: 'The enforcement of the budget was ended.',
};
