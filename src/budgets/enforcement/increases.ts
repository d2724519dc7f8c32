import type { ServiceRequests } from '../../approvals/service.ts';
import { newId } from '../../platform/ids.ts';
import { exactly, formatAmount } from '../../platform/money.ts';
import type { Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { BudgetMeasure, BudgetOverride } from '../entities.ts';
import type { PeriodBook } from '../period-book.ts';
import { increaseOf, nextStep } from '../rules.ts';
import type { BudgetAlerts } from './alerts.ts';
import { addMeasure, enforcementOrigin, isKnown, isWanted, type MeasureRef, showMeasure } from './measures.ts';
import { describeIncrease } from './increase-text.ts';
import type { BudgetNotices } from './notices.ts';
import { gatherPeriod } from '../period-functions.ts';
import { type PeriodStanding, readStanding, teamOf } from './period-standing.ts';

interface IncreaseParts {
  readonly work: UnitOfWork;
  readonly book: PeriodBook;
  readonly requests: ServiceRequests;
  readonly alerts: BudgetAlerts;
  readonly notices: BudgetNotices;
}

/** Asks people for more where a budget is used up, and raises its limit for the period where they agree. */
export class BudgetIncreases {
  readonly #parts: IncreaseParts;

  constructor(parts: IncreaseParts) {
    this.#parts = parts;
  }

  /**
   * Asks. Whom, is found out under the lock of the period alone: whoever books on other budgets goes on meanwhile. Nothing
   * happens where that was done or undone before, or is not wanted any more.
   */
  async ask(ref: MeasureRef, at: Date): Promise<void> {
    await this.#step(ref, at, async (tx) => {
      await gatherPeriod(tx.em, ref.period, at);
      const stands = await readStanding(tx.em, this.#parts.requests, ref.period, at);
      if ((await isKnown(tx.em, ref.measure)) || !isWanted(nextStep(stands.standing, at), 'awaiting_approval')) return;
      const approval = newId(at);
      const amount = formatAmount(increaseOf(stands.budget, stands.alerts));
      if (await this.#request(tx, stands, approval, amount)) await this.#await(tx, ref, stands, { approval, amount });
      else await this.#tellImpossible(tx, ref, stands);
    });
  }

  /**
   * Does what was decided; nothing while it is open, where that was done before, or where the period is over meanwhile. What came to be approved without a person
   * raises no limit: it counts as declined.
   */
  async conclude(ref: MeasureRef, at: Date): Promise<void> {
    await this.#step(ref, at, async (tx) => {
      await this.#parts.book.lock(tx.em);
      await gatherPeriod(tx.em, ref.period, at);
      const measure = await tx.em.findOneOrFail(BudgetMeasure, { id: ref.measure });
      if (measure.state !== 'in_force' || !measure.approval) return;
      const { standing } = await readStanding(tx.em, this.#parts.requests, ref.period, at);
      if (nextStep(standing, at).do !== 'conclude') return;
      const { state, isClosed, isAgreed } = await this.#parts.requests.outcomeOf(
        tx.em,
        ref.organization,
        measure.approval,
      );
      if (!isClosed) return;
      measure.state = isAgreed ? 'granted' : 'declined';
      measure.endedAt = at;
      await tx.em.flush();
      await showMeasure(tx.em, ref.period, null);
      if (isAgreed) await this.#grant(tx, measure, formatAmount(exactly(measure.amount ?? '0')));
      else await this.#decline(tx, measure, state);
    });
  }

  #request(tx: Transaction, stands: PeriodStanding, id: string, amount: string): Promise<boolean> {
    const { budget, period } = stands;
    return this.#parts.requests.ask(tx, {
      id,
      team: budget.team,
      title: `Increase of the budget “${budget.name}”`,
      description: describeIncrease(stands, amount),
      amount: { value: amount, currency: budget.currency },
      beneficiary: budget.person ?? null,
      expiresAt: period.endsAt,
      onClosed: {
        channel: 'budget',
        reference: { type: 'increase-closed', budget: budget.id, period: period.id },
      },
    });
  }

  async #await(
    tx: Transaction,
    ref: MeasureRef,
    stands: PeriodStanding,
    { approval, amount }: { approval: string; amount: string },
  ): Promise<void> {
    const { budget } = stands;
    await addMeasure(tx, ref, { kind: 'awaiting_approval', state: 'in_force', approval, amount });
    await showMeasure(tx.em, ref.period, 'awaiting_approval');
    tx.record({
      action: 'budget.increase_requested',
      resource: { type: 'budget', id: budget.id },
      team: teamOf(budget),
      detail: { measure: ref.measure, approval, amount, currency: budget.currency },
    });
    await this.#parts.notices.tell(tx, 'budget.increase_requested', stands, {
      approval: { id: approval, amount: { value: amount, currency: budget.currency } },
    });
  }

  /** A limit is never raised without a person. It is said once, and tried again later: somebody may have come. */
  async #tellImpossible(tx: Transaction, ref: MeasureRef, stands: PeriodStanding): Promise<void> {
    const { budget, standing } = stands;
    await addMeasure(tx, ref, { kind: 'awaiting_approval', state: 'impossible', endedAt: tx.at });
    tx.record({
      action: 'budget.increase_impossible',
      resource: { type: 'budget', id: budget.id },
      team: teamOf(budget),
      detail: { measure: ref.measure },
    });
    if (standing.askAgainAt === null)
      await this.#parts.alerts.add(tx, stands, { id: ref.measure, type: 'budget_increase_impossible' });
  }

  async #grant(tx: Transaction, { id, period, approval }: BudgetMeasure, amount: string): Promise<void> {
    const { em, at, origin } = tx;
    const { work, book, requests, notices } = this.#parts;
    const { budget } = await readStanding(em, requests, period, at);
    const { organization } = origin;
    const keys = await work.vault.unlock(em, organization, [organization]);
    await em.insert(BudgetOverride, {
      id,
      organization,
      budget: budget.id,
      period,
      amount,
      until: null,
      createdAt: at,
      actor: null,
      approval,
      reason: keys.seal(organization, `budget_overrides.reason:${id}`, 'An approved increase'),
    });
    await book.bringUpToDate(em, budget, at);
    await book.announce(em, organization);
    tx.record({
      action: 'budget.increased',
      resource: { type: 'budget', id: budget.id },
      team: teamOf(budget),
      detail: { measure: id, approval: approval ?? null, amount, currency: budget.currency },
    });
    await notices.tell(tx, 'budget.increased', await readStanding(em, requests, period, at), {
      approval: { id: approval, amount: { value: amount, currency: budget.currency } },
    });
  }

  async #decline(tx: Transaction, { id, period, approval }: BudgetMeasure, state: string): Promise<void> {
    const { budget } = await readStanding(tx.em, this.#parts.requests, period, tx.at);
    tx.record({
      action: 'budget.increase_declined',
      resource: { type: 'budget', id: budget.id },
      team: teamOf(budget),
      detail: { measure: id, approval: approval ?? null, state },
    });
  }

  #step(ref: MeasureRef, at: Date, work: (tx: Transaction) => Promise<void>): Promise<void> {
    return this.#parts.work.bookkeep(enforcementOrigin(ref.organization), work, at);
  }
}
