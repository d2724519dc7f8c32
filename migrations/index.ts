import { InitialSchema } from './0001-initial-schema.ts';
import { UsageAndBudgets } from './0002-usage-and-budgets.ts';

/** In the order in which they are carried out. A migration that was released is never changed. */
export const migrations = [
  { name: '0001-initial-schema', class: InitialSchema },
  { name: '0002-usage-and-budgets', class: UsageAndBudgets },
];
