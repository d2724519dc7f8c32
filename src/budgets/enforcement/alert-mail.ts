import type { MailContent } from '../../platform/mail-message.ts';
import { exactly, formatAmount } from '../../platform/money.ts';
import type { ExceededAction } from '../rules.ts';
import type { AlertView } from './alert-view.ts';
import type { PeriodStanding } from './period-standing.ts';

const SUBJECTS: Readonly<Record<AlertView['type'], string>> = {
  budget_warning: 'Budget warning',
  budget_exceeded: 'Budget used up',
  budget_increase_impossible: 'Nobody can agree to an increase',
};

const FROM_HERE_ON: Readonly<Record<ExceededAction, string>> = {
  notify: 'Spending goes on: this budget only tells.',
  require_approval:
    'Whatever does not fit is refused. People are asked for an increase, by its team’s approval hierarchy where there is one, once in this period unless it is granted and used up.',
  restrict:
    'Only the models that the billing settings name go on, as far as the hard limit; everything else is refused.',
  suspend: 'Everything that counts in this budget is refused.',
};

const NEXT_PERIOD = 'This period is over by now. The next one has begun with the whole amount.';

/**
 * What is mailed about an alert.
 * @param about.team its name; null for the whole organization
 * @param about.spender the name of the person whose spending the budget counts, where it is one person's
 */
export function alertMail(
  { budget, period, settled }: Pick<PeriodStanding, 'budget' | 'period' | 'settled'>,
  { type, message, created_at: createdAt }: AlertView,
  about: { readonly team: string | null; readonly spender: string | null },
): MailContent {
  const amount = (value: string) => `${formatAmount(exactly(value))} ${budget.currency}`;
  const whose = about.team ?? 'the whole organization';
  return {
    subject: `${SUBJECTS[type]}: ${budget.name} (${whose})`,
    paragraphs: [
      message,
      ...(period.endsAt <= new Date(createdAt) ? [NEXT_PERIOD] : whatNow(type, period.exceededAction)),
    ],
    facts: [
      ['Budget', budget.name],
      ['Team', whose],
      ...(about.spender ? [['Counts only', about.spender] as const] : []),
      ['Spent', amount(settled.toFixed())],
      ['Limit', amount(period.limitAmount)],
      ['Period ends', `${period.endsAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
    ],
    footer:
      'You are told once for each crossing, because you are an owner, admin or finance of the team, or because its billing settings name this address in `reporting.recipients`.',
  };
}

function whatNow(type: AlertView['type'], action: ExceededAction): string[] {
  if (type === 'budget_exceeded') return [FROM_HERE_ON[action]];
  if (type === 'budget_warning') return [];
  return [
    'Its limit stays, since it is never raised without a person. Give somebody a role in the approval hierarchy, make somebody an owner or admin of the team, or add an override.',
  ];
}
