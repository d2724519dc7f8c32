import type { EntityManager } from '@mikro-orm/postgresql';
import { type Amount, exactly } from '../platform/money.ts';
import { organizationById, teamBillingSettings, teamsDownwards } from '../tenancy/service.ts';
import { Budget } from './entities.ts';
import { LedgerSpending } from './ledger-ports.ts';
import { timezoneOf } from './period-book.ts';
import { figuresOf, type PeriodFigures } from './queries.ts';
import {
  type AlertSettings,
  type BudgetState,
  exceededActionOf,
  periodAt,
  type PeriodKind,
  stateOf,
  termsAt,
} from './rules.ts';

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

/** What a period's account says, or would say if it had been begun. */
type Account = Pick<PeriodFigures, 'limit_amount' | 'warn_at' | 'settled' | 'held' | 'measure'>;

/** The team's own budgets in the periods that a moment lies in, by name. One that was made later is not among them. */
export async function budgetStandings(em: EntityManager, team: string, at: Date): Promise<BudgetStanding[]> {
  const budgets = await em.find(
    Budget,
    { team, retiredAt: null, createdAt: { $lte: at } },
    { orderBy: { name: 'asc' } },
  );
  if (budgets.length === 0) return [];
  const figures = await figuresOf(
    em,
    budgets.map(({ id }) => id),
    at,
  );
  const alerts = (await teamBillingSettings(em, team)).budget_alerts ?? {};
  const standings: BudgetStanding[] = [];
  for (const budget of budgets)
    standings.push(
      standingOf(budget, alerts, figures.get(budget.id) ?? (await accountFromLedger(em, budget, alerts, at))),
    );
  return standings;
}

function standingOf(budget: Budget, alerts: AlertSettings, account: Account): BudgetStanding {
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

/** A period in which nobody reserved anything has no account: what was spent in it was reported when it was over. */
async function accountFromLedger(em: EntityManager, budget: Budget, alerts: AlertSettings, at: Date): Promise<Account> {
  const { organization, team, person, provider, model, currency } = budget;
  const { settings } = await organizationById(em, organization);
  const period = periodAt(at, budget.period, {
    timezone: await timezoneOf(em, budget),
    fiscalYearStart: settings.fiscal_year_start ?? '01-01',
  });
  const settled = await new LedgerSpending().spent(em, {
    organization,
    teams: await teamsDownwards(em, [team]),
    person: person ?? null,
    provider: provider ?? null,
    model: model ?? null,
    currency,
    ...period,
  });
  const { limit, warnAt } = termsAt(at, budget, alerts, []);
  return { limit_amount: limit.toFixed(), warn_at: warnAt.toFixed(), settled, held: '0', measure: null };
}
