import type { EntityManager } from '@mikro-orm/postgresql';
import type { Transaction } from '../platform/unit-of-work.ts';
import { type BillingBudgets, currencyOf, type SettingsFollower, teamsUpwards } from '../tenancy/service.ts';
import { budgetOf, putBudget, retireBudget } from './budget-store.ts';
import { Budget } from './entities.ts';
import { isSameAmount, MONTHLY } from './monthly-budget.ts';
import type { PeriodBook } from './period-book.ts';

/** Of the organization's settings, what periods follow from. */
const CALENDAR_FIELDS: ReadonlySet<string> = new Set(['timezone', 'fiscal_year_start']);

/** Keeps budgets in step with settings: a team's with its billing settings, all with the organization's calendar. */
export class SettingsBudgets implements BillingBudgets, SettingsFollower {
  readonly #book: PeriodBook;

  constructor(book: PeriodBook) {
    this.#book = book;
  }

  async monthlyBudget(em: EntityManager, team: string): Promise<string | null> {
    return (await budgetOf(em, team, MONTHLY))?.amount ?? null;
  }

  async settingsChanged(tx: Transaction, team: string, monthlyBudget: string | null | undefined): Promise<void> {
    // Before anything is read: whoever changes a budget just now would be undone by what it said before.
    await this.#book.lock(tx.em);
    if (monthlyBudget === null) await retireBudget(tx, this.#book, { team, name: MONTHLY }, null);
    else if (monthlyBudget !== undefined) await this.#putMonthly(tx, team, monthlyBudget);
    // Threshold, action and models may have changed for every budget of the team that says nothing of its own.
    await this.#refresh(tx, { team });
  }

  async organizationChanged(tx: Transaction, fields: readonly string[]): Promise<void> {
    if (fields.some((field) => CALENDAR_FIELDS.has(field))) await this.#refresh(tx, {});
    else if (fields.includes('budget_alerts')) await this.#refresh(tx, { team: tx.origin.organization });
  }

  /** What else the budget says stays as it is. */
  async #putMonthly(tx: Transaction, team: string, amount: string): Promise<void> {
    const known = await budgetOf(tx.em, team, MONTHLY);
    if (known && isSameAmount(known.amount, amount)) return;
    const currency = known?.currency ?? currencyOf(await teamsUpwards(tx.em, team));
    const { timezone = null, warningThreshold = null, exceededAction = null } = known ?? {};
    await putBudget(
      tx,
      this.#book,
      {
        team,
        name: MONTHLY,
        amount,
        currency,
        period: 'monthly',
        person: null,
        provider: null,
        model: null,
        timezone,
        warningThreshold,
        exceededAction,
      },
      null,
    );
  }

  async #refresh({ em, at, origin }: Transaction, which: { team?: string }): Promise<void> {
    await this.#book.lock(em);
    const budgets = await em.find(Budget, { ...which, retiredAt: null }, { orderBy: { id: 'asc' } });
    if (budgets.length === 0) return;
    await this.#book.bringManyUpToDate(em, budgets, at);
    await this.#book.announce(em, origin.organization);
  }
}
