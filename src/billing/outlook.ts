import type { EntityManager } from '@mikro-orm/postgresql';
import { addAmounts, type Amount, exactly } from '../platform/money.ts';
import { costsByDay } from '../usage/service.ts';
import type { BilledTeam } from './billed-team.ts';
import type { BillingPeriod } from './rules/billing-period.ts';
import { boundsOfDay, dayAt, daysBetween, elapsedOfDay, startOfDayBefore } from './rules/days.ts';
import { type ComingDay, project, type Projection, type ProjectionInput } from './rules/projection/project.ts';
import { seededRandom } from './rules/projection/random.ts';

const HISTORY_DAYS = 56;
const DAY_MS = 86_400_000;
/** Any number will do: it has only to be the same one each time, so that the same ledger gives the same projection. */
const SEED = 20_261_123;

/** What days cost in one currency, and in which period it is asked. */
export interface Observed {
  readonly period: BillingPeriod;
  readonly timezone: string;
  readonly now: Date;
  /** By day, such as `2026-11-23`. */
  readonly costs: ReadonlyMap<string, Amount>;
  /** Whether something was spent in other currencies, which is not in the costs. */
  readonly isPartial: boolean;
}

/** Reads what each day cost that a projection looks at: those of the period, and the weeks before now where it is not over. */
export async function observe(
  em: EntityManager,
  organization: string,
  { teams, currency, calendar: { timezone } }: Pick<BilledTeam, 'teams' | 'currency' | 'calendar'>,
  period: BillingPeriod,
  now: Date,
): Promise<Observed> {
  const earliest = period.until <= now ? period.from : startOfDayBefore(now, HISTORY_DAYS, timezone);
  const from = earliest < period.from ? earliest : period.from;
  const days = await costsByDay(em, { organization, teams, from, to: period.until }, timezone);
  const own = days.filter((day) => day.currency === currency);
  const costs = new Map(own.map(({ day, cost }) => [day, cost]));
  return { period, timezone, now, costs, isPartial: own.length < days.length };
}

/** What was spent in the period itself. */
export function spentIn({ period, timezone, costs }: Observed): Amount {
  const first = dayAt(period.from, timezone).date;
  return [...costs].reduce((sum, [day, cost]) => (day < first ? sum : addAmounts(sum, cost)), exactly(0));
}

/**
 * Projects what the period will have cost at its end. Costs in other currencies are not in it, and a budget counts them: where
 * there are any, the chance of exceeding the budget is left out.
 * @param spent in it so far
 */
export function projectionOf(observed: Observed, spent: Amount, budget: Amount | null): Projection {
  return project(inputOf(observed, spent, budget), seededRandom(SEED));
}

function inputOf(observed: Observed, spent: Amount, budget: Amount | null): ProjectionInput {
  const { period, timezone, now, costs } = observed;
  const today = dayAt(now, timezone);
  const from = startOfDayBefore(now, HISTORY_DAYS, timezone);
  const [begin, end] =
    period.until <= now ? [period.from, period.until] : [from, boundsOfDay(today.date, timezone).from];
  const costOn = (date: string) => (costs.get(date) ?? exactly(0)).toNumber();
  return {
    history: daysBetween(begin, end, timezone).map(({ date, weekday }) => ({ weekday, cost: costOn(date) })),
    today: { cost: costOn(today.date), elapsed: elapsedOfDay(now, timezone) },
    spent: spent.toNumber(),
    coming: comingDays(observed),
    budget: observed.isPartial ? null : (budget?.toNumber() ?? null),
  };
}

function comingDays({ period, timezone, now }: Observed): ComingDay[] {
  const from = period.from > now ? period.from : now;
  const today = dayAt(now, timezone).date;
  return daysBetween(from, period.until, timezone).map(({ date, weekday }) => ({
    weekday,
    share: date === today ? 1 - elapsedOfDay(now, timezone) : 1,
    ahead: Math.round((Date.parse(date) - Date.parse(today)) / DAY_MS),
  }));
}
