import { readFileSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

const statements = readFileSync(new URL('./0001-initial-schema.sql', import.meta.url), 'utf8');

/** The tables of the first release, their row-level security and the rights of the application's roles. */
export class InitialSchema extends Migration {
  override up(): void {
    this.addSql(statements);
  }
}
