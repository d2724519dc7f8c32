import type { EntityManager } from '@mikro-orm/postgresql';
import { organizationById, teamsDownwards, teamTimezone } from '../tenancy/service.ts';
import { type Budget, BudgetOverride } from './entities.ts';
import type { Spent, SpentSource } from './ports.ts';
import { type Period, periodAt, type Raise } from './rules.ts';

/** The period of a budget that a moment lies in, as budget, team and organization now say. */
export async function periodOf(em: EntityManager, budget: Budget, at: Date): Promise<Period> {
  const { settings } = await organizationById(em, budget.organization);
  return periodAt(at, budget.period, {
    timezone: await timezoneOf(em, budget),
    fiscalYearStart: settings.fiscal_year_start ?? '01-01',
  });
}

/** The zone that a budget's days begin in: its own, the team's or the nearest parent's, the organization's. */
export async function timezoneOf(
  em: EntityManager,
  budget: Pick<Budget, 'organization' | 'team' | 'timezone'>,
): Promise<string> {
  return budget.timezone ?? teamTimezone(em, budget.organization, budget.team);
}

/** The teams whose spending counts in a budget. */
export async function teamsCounted(em: EntityManager, { organization, team }: Budget): Promise<string[]> {
  if (team !== organization) return teamsDownwards(em, [team]);
  const rows = await em.execute<{ id: string }[]>('select id from countersign.teams where organization_id = ?', [
    organization,
  ]);
  return rows.map(({ id }) => id);
}

/** What was spent of a budget in a period, as the ledger says. @param teams those whose spending counts */
export function spentIn(
  em: EntityManager,
  ledger: SpentSource,
  budget: Budget,
  teams: readonly string[],
  period: Period,
): Promise<Spent> {
  const { organization, team, person, provider, model, currency } = budget;
  return ledger.spent(em, {
    organization,
    teams: team === organization ? null : teams,
    person: person ?? null,
    provider: provider ?? null,
    model: model ?? null,
    currency,
    ...period,
  });
}

/** What was given on top for one period. @param period its id */
export async function raisesOf(em: EntityManager, period: string): Promise<Raise[]> {
  const overrides = await em.find(BudgetOverride, { period });
  return overrides.map(({ amount, until }) => ({ amount, until: until ?? null }));
}
