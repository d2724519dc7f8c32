import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entities } from '../../src/entities.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { prepareDatabase } from '../../src/platform/embedded/prepare-database.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { pino } from 'pino';

export interface BudgetDatabase {
  readonly adminUrl: string;
  /** As the application logs in. */
  readonly url: string;
  readonly database: Database;
  stop(): Promise<void>;
}

/**
 * The floor: what any ledger in this database has to do for a reservation, and nothing else. It locks the same rows in the
 * same order, adds to them and commits.
 */
const FLOOR = `
  create function countersign.bench_floor(in_rows uuid[], in_amount numeric) returns void language plpgsql as $$
  begin
    perform from countersign.budget_periods where id = any(in_rows) order by id for no key update;
    update countersign.budget_periods set held = held + in_amount where id = any(in_rows);
  end $$;
  grant execute on function countersign.bench_floor(uuid[], numeric) to countersign_app`;

/** A migrated PostgreSQL that writes to disk what it has committed, opened as the product opens it. */
export async function startBudgetDatabase(progress: Progress, connections: number): Promise<BudgetDatabase> {
  const folder = await scratchFolder('bench');
  await chmod(folder, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), progress });
  const { databaseUrl, migrationUrl } = await prepareDatabase(postgres.adminUrl);
  await migrate(migrationUrl, databaseUrl, entities);
  const database = Database.open({
    url: databaseUrl,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: connections,
    logger: pino({ level: 'silent' }),
  });
  const owner = Database.open({
    url: migrationUrl,
    role: DATABASE_ROLES.owner,
    entities,
    poolSize: 1,
    logger: pino({ level: 'silent' }),
  });
  await owner.orm.em.getConnection().execute(FLOOR);
  await owner.close();
  return {
    adminUrl: migrationUrl,
    url: databaseUrl,
    database,
    async stop() {
      await database.close();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
