import { join } from 'node:path';
import type { Config } from './config.ts';
import { startMailbox, type Mailbox } from './platform/embedded/mailbox.ts';
import { startEmbeddedPostgres } from './platform/embedded/postgres.ts';
import { prepareDatabase } from './platform/embedded/prepare-database.ts';
import type { Progress } from './platform/embedded/progress.ts';
import { startEmbeddedTemporal } from './platform/embedded/temporal.ts';
import { masterSecret } from './platform/secret.ts';
import type { Running } from './process.ts';

export interface Services {
  readonly databaseUrl: string;
  readonly migrationUrl: string;
  readonly temporalAddress: string;
  readonly temporalUi: string | null;
  readonly smtpUrl: string;
  readonly mailbox: Mailbox | null;
  readonly secret: string;
}

/** Brings up whatever the environment does not name: PostgreSQL, Temporal and a mailbox, with their state in the data folder. */
export async function startServices(config: Config, progress: Progress, running: Running): Promise<Services> {
  const secret = masterSecret(config.secretKey, config.dataDir);
  const [database, temporal, mail] = await Promise.all([
    startDatabase(config, progress, running),
    startTemporal(config, progress, running),
    startMail(config, running),
  ]);
  return { secret, ...database, ...temporal, ...mail };
}

async function startDatabase(
  config: Config,
  progress: Progress,
  running: Running,
): Promise<Pick<Services, 'databaseUrl' | 'migrationUrl'>> {
  if (config.databaseUrl !== null)
    return { databaseUrl: config.databaseUrl, migrationUrl: config.databaseMigrationUrl ?? config.databaseUrl };
  const postgres = await startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres'), progress });
  running.add('postgres', postgres.stop);
  return prepareDatabase(postgres.adminUrl);
}

async function startTemporal(
  config: Config,
  progress: Progress,
  running: Running,
): Promise<Pick<Services, 'temporalAddress' | 'temporalUi'>> {
  const { address, namespace } = config.temporal;
  if (address !== null) return { temporalAddress: address, temporalUi: null };
  const temporal = await startEmbeddedTemporal({ dataDir: join(config.dataDir, 'temporal'), namespace, progress });
  running.add('temporal', temporal.stop);
  return { temporalAddress: temporal.address, temporalUi: temporal.uiUrl };
}

async function startMail(config: Config, running: Running): Promise<Pick<Services, 'smtpUrl' | 'mailbox'>> {
  if (config.smtpUrl !== null) return { smtpUrl: config.smtpUrl, mailbox: null };
  const mailbox = await startMailbox({ dataDir: join(config.dataDir, 'mailbox') });
  running.add('mailbox', mailbox.stop);
  return { smtpUrl: mailbox.smtpUrl, mailbox };
}
