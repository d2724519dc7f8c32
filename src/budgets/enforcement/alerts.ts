import type { ServiceRequests } from '../../approvals/service.ts';
import type { Vault } from '../../platform/crypto/vault.ts';
import { newId } from '../../platform/ids.ts';
import { mailMessage } from '../../platform/mail-message.ts';
import { exactly } from '../../platform/money.ts';
import type { Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { type People, teamsById } from '../../tenancy/service.ts';
import { BudgetAlert } from '../entities.ts';
import { type AlertType, type Crossing, isStillTrue, warningThresholdOf } from '../rules.ts';
import { alertMail } from './alert-mail.ts';
import { presentAlert } from './alert-view.ts';
import { enforcementOrigin, type PeriodRef } from './measures.ts';
import type { BudgetNotices } from './notices.ts';
import { gatherPeriod } from '../period-functions.ts';
import { forgetCrossings, type PeriodStanding, readStanding, teamOf } from './period-standing.ts';
import { peopleToTell } from './told-people.ts';

interface AlertParts {
  readonly work: UnitOfWork;
  readonly vault: Vault;
  readonly people: People;
  readonly requests: ServiceRequests;
  readonly notices: BudgetNotices;
}

const TYPES: Readonly<Record<Crossing, AlertType>> = {
  'warning-crossed': 'budget_warning',
  'limit-reached': 'budget_exceeded',
};

const EVENTS = {
  budget_warning: 'budget.warning',
  budget_exceeded: 'budget.exceeded',
  budget_increase_impossible: 'budget.increase_impossible',
} as const satisfies Readonly<Record<AlertType, string>>;

/** Tells that a budget crossed something: an alert on record, mails, and an event for webhooks. */
export class BudgetAlerts {
  readonly #parts: AlertParts;

  constructor(parts: AlertParts) {
    this.#parts = parts;
  }

  /**
   * Tells of a crossing, once, however often it is called and however late: also where its period has ended meanwhile. Not at
   * all where it is no longer true: it is told when it comes again.
   * @param crossing `id` becomes the alert's
   */
  async tell(ref: PeriodRef, crossing: { id: string; type: Crossing }, at: Date): Promise<void> {
    await this.#parts.work.bookkeep(
      enforcementOrigin(ref.organization),
      async (tx) => {
        if ((await tx.em.count(BudgetAlert, { id: crossing.id })) > 0) return;
        await gatherPeriod(tx.em, ref.period, at);
        const stands = await readStanding(tx.em, this.#parts.requests, ref.period, at);
        if (stands.standing.isRemoved) return;
        if (!isStillTrue(crossing.type, figuresOf(stands))) return forgetCrossings(tx.em, ref.period, at);
        await this.add(tx, stands, { id: crossing.id, type: TYPES[crossing.type] });
      },
      at,
    );
  }

  /** Adds an alert to the transaction that gives reason for it. */
  async add(tx: Transaction, stands: PeriodStanding, { id, type }: { id: string; type: AlertType }): Promise<void> {
    const { budget, period, settled, alerts } = stands;
    const alert = tx.em.create(BudgetAlert, {
      id,
      organization: tx.origin.organization,
      budget: budget.id,
      period: period.id,
      type,
      threshold: type === 'budget_warning' ? warningThresholdOf(budget, alerts).toFixed(2) : '100.00',
      spent: settled.toFixed(),
      limitAmount: period.limitAmount,
      createdAt: tx.at,
    });
    await tx.em.persist(alert).flush();
    tx.record({
      action: 'budget.alerted',
      resource: { type: 'budget', id: budget.id },
      team: teamOf(budget),
      detail: { alert: id, type },
    });
    await this.#mail(tx, stands, alert);
    await this.#parts.notices.tell(tx, EVENTS[type], stands, { alert: presentAlert(alert, budget) });
  }

  async #mail(tx: Transaction, stands: PeriodStanding, alert: BudgetAlert): Promise<void> {
    const { vault, people } = this.#parts;
    const { budget } = stands;
    const { organization } = tx.origin;
    const team = (await teamsById(tx.em, [budget.team])).get(budget.team)?.name ?? null;
    const person = budget.person ?? null;
    const spender = person && (await people.profiles(tx.em, organization, [person])).nameOf(person);
    const content = alertMail(stands, presentAlert(alert, budget), { team, spender });
    for (const reader of await peopleToTell(tx, { vault, people }, budget)) {
      const subjects = [reader.subject, ...(person ? [person] : [])];
      tx.enqueue(
        mailMessage({
          ...content,
          id: newId(tx.at),
          to: reader.email,
          subjects: [...new Set(subjects)],
          reference: { template: 'budget-alert', person: reader.person },
        }),
      );
    }
  }
}

function figuresOf({ settled, period }: PeriodStanding) {
  return {
    settled,
    limit: exactly(period.limitAmount),
    warnAt: period.warnAt == null ? null : exactly(period.warnAt),
  };
}
