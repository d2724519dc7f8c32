import type { EntityManager } from '@mikro-orm/postgresql';
import { type AlertView, currentAlerts, type BudgetService, type BudgetView } from '../budgets/service.ts';
import type { Clock } from '../platform/clock.ts';
import type { Caller } from '../platform/http/caller.ts';
import { type Amount, exactly } from '../platform/money.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { type People, type Profiles, teamBillingSettings, teamsDownwards } from '../tenancy/service.ts';
import { type BilledTeam, billedTeam } from './billed-team.ts';
import { chargesOf, type TeamCharges } from './charges.ts';
import { observe, projectionOf, spentIn } from './outlook.ts';
import type { PriceQuotes } from './quotes.ts';
import { dayAt } from './rules/days.ts';
import { type BillingPeriod, billingPeriodAt, billingPeriodNamed } from './rules/billing-period.ts';
import type { Projection } from './rules/projection/project.ts';
import type { Recommendation } from './rules/recommendations/model.ts';
import { recommend } from './rules/recommendations/recommend.ts';
import { costsOf, peopleIn } from '../usage/service.ts';
import { costByKey, type Spending, spendingOf } from './spending.ts';
import { modelUses } from './model-uses.ts';

export interface BillQuery {
  /** Such as `2026-11`; null: the current one. */
  readonly period: string | null;
  /** Whether the teams below count too. */
  readonly descendants: boolean;
}

type TeamSettings = Awaited<ReturnType<typeof teamBillingSettings>>;

/** Everything that a bill shows. */
export interface TeamBill {
  readonly team: BilledTeam;
  readonly period: BillingPeriod;
  readonly now: Date;
  readonly spending: Spending;
  readonly charges: TeamCharges;
  readonly budgets: readonly BudgetView[];
  readonly alertSettings: NonNullable<TeamSettings['budget_alerts']>;
  readonly alerts: readonly AlertView[];
  readonly projection: Projection;
  /** What the projection was held against: the tightest limit on everything the team spends in the period. */
  readonly limit: Amount | null;
  readonly recommendations: readonly Recommendation[];
  readonly profiles: Profiles;
}

interface BillingParts {
  readonly work: UnitOfWork;
  readonly people: People;
  readonly clock: Clock;
  readonly budgets: BudgetService;
  readonly quotes: PriceQuotes;
}

/** What teams have spent, will spend and may spend. Reads rollups only. */
export class TeamBilling {
  readonly #parts: BillingParts;

  constructor(parts: BillingParts) {
    this.#parts = parts;
  }

  /** @throws NotFound, Forbidden */
  ofTeam(caller: Caller, alias: string, query: BillQuery): Promise<TeamBill> {
    const { work, clock } = this.#parts;
    return work.read(caller.organization, async (em) => {
      const team = await billedTeam(em, caller, alias, query.descendants);
      return this.#bill(em, caller.organization, team, query.period, clock.now());
    });
  }

  async #bill(
    em: EntityManager,
    organization: string,
    team: BilledTeam,
    named: string | null,
    now: Date,
  ): Promise<TeamBill> {
    const { people, budgets, quotes } = this.#parts;
    const { currency, calendar, teams } = team;
    const period = named === null ? billingPeriodAt(now, calendar) : billingPeriodNamed(named, calendar);
    const time = { organization, from: period.from, to: period.until };
    const spending = await spendingOf(em, { ...time, teams }, currency);
    const spent = costsOf(spending.models).get(currency) ?? exactly(0);
    const own = costByKey(spending.teams, currency);
    const views = await budgets.ofTeam(em, organization, team.id, within(period, now));
    const limit = limitOf(views, period, currency);
    const projection = await this.#projection(em, organization, { team, period, now, spent, limit });
    const uses = modelUses(spending.models, currency);
    return {
      team,
      period,
      now,
      spending,
      charges: await chargesOf(em, time, new Map(teams.map((id) => [id, own.get(id) ?? exactly(0)])), currency),
      budgets: views,
      alertSettings: (await teamBillingSettings(em, team.id)).budget_alerts ?? {},
      alerts: await currentAlerts(em, team.id),
      projection,
      limit,
      recommendations: recommend(await quotes.quote(em, organization, currency, uses, within(period, now)), {
        spent: spent.toNumber(),
        projection,
        isOver: period.until <= now,
        pricedOn: dayAt(within(period, now), calendar.timezone).date,
      }),
      profiles: await people.profiles(em, organization, peopleIn(spending.members)),
    };
  }

  /**
   * Of what is shown; but the chance of exceeding the budget is of what the budget counts, which is the spending of the teams
   * below as well.
   */
  async #projection(
    em: EntityManager,
    organization: string,
    seen: {
      readonly team: BilledTeam;
      readonly period: BillingPeriod;
      readonly now: Date;
      readonly spent: Amount;
      readonly limit: Amount | null;
    },
  ): Promise<Projection> {
    const { team, period, now, spent, limit } = seen;
    const shown = projectionOf(await observe(em, organization, team, period, now), spent, limit);
    const counted = limit === null ? team.teams : await teamsDownwards(em, [team.id]);
    if (counted.length === team.teams.length) return shown;
    const whole = await observe(em, organization, { ...team, teams: counted }, period, now);
    const { probabilityOfExceeding } = projectionOf(whole, spentIn(whole), limit);
    return { ...shown, probabilityOfExceeding };
  }
}

/** The moment of a period that is closest to now. */
function within({ from, until }: BillingPeriod, now: Date): Date {
  if (now < from) return from;
  return now < until ? now : new Date(until.getTime() - 1);
}

/** The limit of the tightest budget that counts everything the team spends in just this period; null where there is none. */
function limitOf(views: readonly BudgetView[], period: BillingPeriod, currency: string): Amount | null {
  const limits = views.flatMap(({ budget, figures }) => {
    const isForAll = budget.person == null && budget.provider == null && budget.model == null;
    const isOfPeriod =
      new Date(figures.starts_at).getTime() === period.from.getTime() &&
      new Date(figures.ends_at).getTime() === period.until.getTime();
    return isForAll && isOfPeriod && budget.currency === currency ? [exactly(figures.limit_amount)] : [];
  });
  return limits.toSorted((a, b) => a.comparedTo(b))[0] ?? null;
}
