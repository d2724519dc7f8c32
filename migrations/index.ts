import { readFileSync, readdirSync } from 'node:fs';
import { Migration } from '@mikro-orm/migrations';

/**
 * Every file NNNN-subject.sql beside this one, in the order of their numbers, in which they are carried out. A migration that
 * was released is never changed. Tables are as the entities declare them; a test compares the two.
 */
export const migrations = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
  .map((file) => ({ name: file.slice(0, -'.sql'.length), class: migrationOf(file) }));

function migrationOf(file: string) {
  const statements = readFileSync(new URL(file, import.meta.url), 'utf8');
  return class extends Migration {
    override up(): void {
      this.addSql(statements);
    }
  };
}
