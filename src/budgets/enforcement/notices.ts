import { formatAmount, exactly } from '../../platform/money.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import type { EventPublisher, WebhookEventType } from '../../notify/service.ts';
import { teamAliases } from '../../tenancy/service.ts';
import type { PeriodStanding } from './period-standing.ts';

/** The events about budgets. */
type BudgetEventType = Extract<WebhookEventType, `budget.${string}`>;

/** Tells webhooks what happens to budgets, in the transaction in which it does. */
export class BudgetNotices {
  readonly #webhooks: EventPublisher;

  constructor(webhooks: EventPublisher) {
    this.#webhooks = webhooks;
  }

  /** @param more what belongs to this event besides the budget; nothing personal */
  async tell(
    tx: Transaction,
    type: BudgetEventType,
    { budget, period, settled }: Pick<PeriodStanding, 'budget' | 'period' | 'settled'>,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const aliases = await teamAliases(tx.em, [budget.team]);
    const amount = (value: string) => ({ value: formatAmount(exactly(value)), currency: budget.currency });
    await this.#webhooks.enqueue(tx, {
      type,
      data: {
        budget: {
          name: budget.name,
          team_id: aliases.get(budget.team) ?? null,
          limit: amount(period.limitAmount),
          settled: amount(settled.toFixed()),
          exceeded_action: period.exceededAction,
          period_start: period.startsAt.toISOString(),
          period_end: period.endsAt.toISOString(),
        },
        ...more,
      },
      subjects: [],
    });
  }
}
