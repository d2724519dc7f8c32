import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

const statements = readFileSync(new URL('./0002-usage-and-budgets.sql', import.meta.url), 'utf8');

/** Usage events, prices, the ledger and its rollups; budgets and reservations. */
export class UsageAndBudgets extends Migration {
  override up(): void {
    this.addSql(statements);
  }
}
