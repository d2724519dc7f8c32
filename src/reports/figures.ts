import type { EntityManager } from '@mikro-orm/postgresql';
import type { UsageReportPlan } from '../../workflows/contracts/usage-report.ts';
import { type BudgetStanding, budgetStandings } from '../budgets/service.ts';
import { currencyOf, teamsById, teamsDownwards, teamsUpwards } from '../tenancy/service.ts';
import { sumUsage } from '../usage/service.ts';
import { periodBefore, type ReportPeriod, type Tally, tallyOf, type TopTallies, topTallies } from './rules.ts';

/** So many are told by name in each table of a mail. A mail is sealed for everybody whom it names, which bounds the members. */
const MOST_NAMED = 50;

/** What a report says, as the rollups and budgets have it. Keys of teams and members are internal ids. */
export interface ReportFigures {
  readonly team: string;
  readonly period: ReportPeriod;
  readonly before: ReportPeriod;
  readonly total: Tally;
  readonly totalBefore: Tally;
  readonly providers: TopTallies;
  /** Keyed `provider model`. */
  readonly models: TopTallies;
  /** Null where there are no teams below. */
  readonly teams: TopTallies | null;
  readonly teamNames: ReadonlyMap<string, string>;
  /** Null where they are not to be told. */
  readonly members: TopTallies | null;
  /** The team's own, as they stand in their period that the last day lies in. Those of one member count among the members' figures. */
  readonly budgets: readonly BudgetStanding[];
  /** How many more there are. */
  readonly otherBudgets: number;
}

/**
 * Reads what the team and those below it have used in a period.
 * @param em one consistent transaction: parts and totals belong together
 */
export async function readFigures(
  em: EntityManager,
  plan: UsageReportPlan,
  period: ReportPeriod,
  includeMembers: boolean,
): Promise<ReportFigures> {
  const { organization, team } = plan;
  const teams = await teamsDownwards(em, [team]);
  const upwards = await teamsUpwards(em, team);
  const before = periodBefore(period, plan.frequency, plan);
  const sums = ({ from, until }: ReportPeriod, dimensions: ('team' | 'person' | 'provider' | 'model')[]) =>
    sumUsage(em, { organization, teams, from, to: until }, dimensions, { histogram: false });
  const named = { currency: currencyOf(upwards), most: MOST_NAMED };
  const byModel = await sums(period, ['provider', 'model']);
  const byTeam = teams.length > 1 ? await sums(period, ['team']) : null;
  const byMember = includeMembers ? await sums(period, ['person']) : null;
  const names = await teamsById(em, [team, ...(byTeam ?? []).map(({ keys }) => keys[0] ?? '')]);
  const atTheEnd = await budgetStandings(em, team, new Date(period.until.getTime() - 1));
  const budgets = atTheEnd.filter(({ person }) => includeMembers || person === null);
  return {
    team,
    period,
    before,
    total: tallyOf(byModel),
    totalBefore: tallyOf(await sums(before, [])),
    providers: topTallies(byModel, ({ keys }) => keys[0] ?? '', named),
    models: topTallies(byModel, ({ keys }) => keys.join(' '), named),
    teams: byTeam && topTallies(byTeam, ({ keys }) => keys[0] ?? '', named),
    teamNames: new Map([...names].map(([id, { name }]) => [id, name])),
    members: byMember && topTallies(byMember, ({ keys }) => keys[0] ?? '', named),
    budgets: budgets.slice(0, MOST_NAMED),
    otherBudgets: Math.max(0, budgets.length - MOST_NAMED),
  };
}
