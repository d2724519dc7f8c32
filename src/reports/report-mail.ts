import type { UsageReportPlan } from '../../workflows/contracts/usage-report.ts';
import type { BudgetStanding } from '../budgets/service.ts';
import type { MailContent, MailTable } from '../platform/mail-message.ts';
import type { Profiles } from '../tenancy/service.ts';
import type { ReportFigures } from './figures.ts';
import { percentOf, type Tally, type TopTallies } from './rules.ts';
import { changeText, costText, daysText, moneyText, numberText, partText, unpricedText } from './wording.ts';

const FREQUENCY = { weekly: 'Weekly', monthly: 'Monthly' } as const;
const NO_TEAM = 'a team that is gone';

/** A usage report as a mail. @param profiles of the members whom the figures tell of */
export function reportMail(plan: UsageReportPlan, figures: ReportFigures, profiles: Profiles): MailContent {
  const { period, total } = figures;
  const team = figures.teamNames.get(figures.team) ?? NO_TEAM;
  const whose = figures.teams === null ? team : `${team} and the teams below it`;
  return {
    subject: `${FREQUENCY[plan.frequency]} usage report: ${team}, ${daysText(period)}`,
    paragraphs: [
      `What ${whose} used from ${daysText(period)}. Days begin at midnight in the time zone ${plan.timezone}.`,
      ...(total.requests === 0 ? ['Nothing was used in this period.'] : []),
    ],
    facts: factsOf(figures),
    tables: tablesOf(figures, profiles),
    footer: `You get this report because your address stands in the billing settings of ${team}; whoever manages billing there can take it out. Usage that is reported or priced after this mail is not in it, and stands in the next report’s comparison.`,
  };
}

function factsOf({ before, total, totalBefore }: ReportFigures): (readonly [string, string])[] {
  return [
    ['Cost', costText(total)],
    [`Compared with ${daysText(before)}`, changeText(total, totalBefore)],
    ['Requests', `${numberText(total.requests)} (${numberText(totalBefore.requests)} then)`],
    ['Failed requests', partText(total.failures, total.requests)],
    ['Tokens', `${numberText(total.inputTokens)} input, ${numberText(total.outputTokens)} output`],
    ...(total.unpriced > 0 ? [['Without a price', unpricedText(total.unpriced)] as const] : []),
  ];
}

function tablesOf(figures: ReportFigures, profiles: Profiles): MailTable[] {
  const { providers, models, teams, teamNames, members } = figures;
  const tables = [
    usageTable('By provider', 'Provider', providers, (provider) => provider),
    usageTable('By model', 'Model', models, (model) => model),
    teams && usageTable('By team', 'Team', teams, (team) => teamNames.get(team) ?? NO_TEAM),
    members && usageTable('By member', 'Member', members, (person) => profiles.nameOf(person)),
    budgetTable(figures, profiles),
  ];
  return tables.filter((table) => table !== null).filter(({ rows }) => rows.length > 0);
}

function usageTable(
  title: string,
  about: string,
  { top, others }: TopTallies,
  name: (key: string) => string,
): MailTable {
  const rows = top.map(({ key, tally }) => usageRow(name(key), tally));
  return {
    title,
    columns: [about, 'Cost', 'Requests', 'Failed', 'Without a price', 'Input tokens', 'Output tokens'],
    rows: others === null ? rows : [...rows, usageRow(`${numberText(others.count)} others`, others.tally)],
  };
}

function usageRow(name: string, tally: Tally): string[] {
  const { requests, failures, unpriced, inputTokens, outputTokens } = tally;
  return [name, costText(tally), ...[requests, failures, unpriced, inputTokens, outputTokens].map(numberText)];
}

function budgetTable({ budgets, otherBudgets }: ReportFigures, profiles: Profiles): MailTable {
  return {
    title: `Budgets, in their period of the last day${otherBudgets > 0 ? ` (and ${numberText(otherBudgets)} more)` : ''}`,
    columns: ['Budget', 'Spent', 'Limit', 'Used', 'State'],
    rows: budgets.map((budget) => [
      budgetName(budget, profiles),
      moneyText({ amount: budget.settled, currency: budget.currency }),
      moneyText({ amount: budget.limit, currency: budget.currency }),
      usedText(budget),
      budget.state.replaceAll('_', ' '),
    ]),
  };
}

function budgetName({ name, period, person, provider, model }: BudgetStanding, profiles: Profiles): string {
  const scope = [...(person ? [profiles.nameOf(person)] : []), provider, model].filter((part) => part !== null);
  return [name, period, ...scope].join(', ');
}

function usedText({ settled, limit }: BudgetStanding): string {
  const percent = percentOf(settled, limit);
  return percent === null ? 'no amount' : `${percent} %`;
}
