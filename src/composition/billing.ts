import { ChargeExports } from '../billing/export/charge-exports.ts';
import { PriceQuotes } from '../billing/quotes.ts';
import { TeamBilling } from '../billing/team-billing.ts';
import type { Core } from './core.ts';

/** What people and finance see of spending. */
export function composeBilling({ work, people, clock, usage, budgets }: Core) {
  return {
    billing: new TeamBilling({
      work,
      people,
      clock,
      budgets: budgets.service,
      quotes: new PriceQuotes(usage.catalogue),
    }),
    exports: new ChargeExports({ work, clock }),
  };
}
