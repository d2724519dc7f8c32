import type { z } from 'zod';
import { exactly } from '../platform/money.ts';
import { amountText, type BudgetView } from './budget-service.ts';
import { availableOf, exceededActionOf, stateOf, warningThresholdOf } from './rules.ts';
import type { budgetSchema } from './schemas.ts';

/** A budget as callers see it. */
export function presentBudget({
  budget,
  figures,
  timezone,
  alerts,
  profiles,
}: BudgetView): z.input<typeof budgetSchema> {
  const { currency, person, provider, model } = budget;
  const exceededAction = exceededActionOf(budget, alerts);
  const [limit, settled, held] = [exactly(figures.limit_amount), exactly(figures.settled), exactly(figures.held)];
  const amount = (value: string) => ({ value: amountText(value), currency });
  return {
    name: budget.name,
    scope: {
      ...(person ? { user_id: profiles.of(person).alias } : {}),
      ...(provider ? { provider } : {}),
      ...(model ? { model } : {}),
    },
    amount: amount(budget.amount),
    limit: amount(limit.toFixed()),
    settled: amount(settled.toFixed()),
    held: amount(held.toFixed()),
    ...(figures.uncounted.length > 0
      ? { uncounted: figures.uncounted.map((money) => ({ ...money, value: amountText(money.value) })) }
      : {}),
    available: amount(availableOf({ limit, settled, held }, figures.measure).toFixed()),
    period: budget.period,
    timezone,
    period_start: new Date(figures.starts_at).toISOString(),
    period_end: new Date(figures.ends_at).toISOString(),
    warning_threshold: warningThresholdOf(budget, alerts),
    exceeded_action: exceededAction,
    state: stateOf(
      {
        limit,
        warnAt: figures.warn_at ? exactly(figures.warn_at) : null,
        settled,
        held,
        exceededAction,
      },
      figures.measure,
    ),
  };
}
