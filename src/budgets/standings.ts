import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, exactly } from '../platform/money.ts';
import { teamBillingSettings } from '../tenancy/service.ts';
import { accountsOf } from './accounts.ts';
import { budgetsAt } from './budgets-at.ts';
import { Budget } from './entities.ts';
import type { PeriodFigures } from './queries.ts';
import { type AlertSettings, type BudgetState, exceededActionOf, type PeriodKind, stateOf } from './rules.ts';

/** How a budget stood in one of its periods. Person is an internal id. */
export interface BudgetStanding {
  readonly name: string;
  readonly person: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly period: PeriodKind;
  readonly currency: string;
  /** The amount with every override that held. */
  readonly limit: Amount;
  readonly settled: Amount;
  readonly state: BudgetState;
}

/** The team's own budgets that there were at a moment, in the periods that it lies in, by name. */
export async function budgetStandings(em: EntityManager, team: string, at: Date): Promise<BudgetStanding[]> {
  const budgets = await em.find(Budget, budgetsAt(team, at), { orderBy: { name: 'asc' } });
  if (budgets.length === 0) return [];
  const alerts = (await teamBillingSettings(em, team)).budget_alerts ?? {};
  const accounts = await accountsOf(em, budgets, alerts, at);
  return budgets.map((budget) => standingOf(budget, alerts, accounts.get(budget.id)!));
}

function standingOf(budget: Budget, alerts: AlertSettings, account: PeriodFigures): BudgetStanding {
  const { name, person, provider, model, period, currency } = budget;
  const [limit, settled, held] = [exactly(account.limit_amount), exactly(account.settled), exactly(account.held)];
  const warnAt = account.warn_at === null ? null : exactly(account.warn_at);
  const state = stateOf(
    { limit, warnAt, settled, held, exceededAction: exceededActionOf(budget, alerts) },
    account.measure,
  );
  return {
    name,
    person: person ?? null,
    provider: provider ?? null,
    model: model ?? null,
    period,
    currency,
    limit,
    settled,
    state,
  };
}
