import { ServiceRequests } from '../approvals/service.ts';
import { BudgetAlerts } from '../budgets/enforcement/alerts.ts';
import { BudgetEnforcement } from '../budgets/enforcement/enforcement.ts';
import { BudgetIncreases } from '../budgets/enforcement/increases.ts';
import { BudgetNotices } from '../budgets/enforcement/notices.ts';
import { EventPublisher } from '../notify/service.ts';
import type { Core } from './core.ts';

/** What the saga of a budget's period does in the database. */
export function composeEnforcement({
  clock,
  vault,
  notifier,
  work,
  people,
  approvals,
  budgets: { book },
}: Pick<Core, 'clock' | 'vault' | 'notifier' | 'work' | 'people' | 'approvals' | 'budgets'>) {
  const requests = new ServiceRequests({ work, people, execution: approvals.execution });
  const notices = new BudgetNotices(new EventPublisher({ vault, clock, changes: notifier }));
  const alerts = new BudgetAlerts({ work, vault, people, requests, notices });
  return {
    clock,
    alerts,
    enforcement: new BudgetEnforcement({ work, book, requests, notices }),
    increases: new BudgetIncreases({ work, book, requests, alerts, notices }),
  };
}
