import { bootstrap } from '../../bootstrap.ts';
import type { Config } from '../../config.ts';
import { entities } from '../../entities.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { withApplication } from '../application.ts';
import { findInstallation } from '../installation.ts';
import { say, saySecret } from '../output.ts';

/** Brings the database to this version, then makes the first organization where there is none. */
export async function migrateCommand(config: Config, options: { readonly bootstrap: boolean }): Promise<void> {
  const { migrationUrl, databaseUrl } = findInstallation(config);
  const done = await migrate(migrationUrl, databaseUrl, entities);
  for (const name of done) say(`Migrated: ${name}`);
  if (done.length === 0) say('Nothing to migrate: the database is at this version.');
  if (options.bootstrap) await bootstrapCommand(config);
}

async function bootstrapCommand(config: Config): Promise<void> {
  const key = await withApplication(config, ({ work }) => bootstrap(work, config.bootstrapKey));
  if (key === null) say('The organization `default` is there already.');
  else if (config.bootstrapKey !== null)
    say('Made the organization `default`. Its key is the one in COUNTERSIGN_BOOTSTRAP_KEY.');
  else saySecret('Made the organization `default`. Its key (operator and owner), shown this once:', key);
}
