import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { prepareDataFolder } from './platform/data-folder.ts';
import { keepRunning } from './platform/embedded/keep-running.ts';
import { startMailbox, type Mailbox } from './platform/embedded/mailbox.ts';
import { startEmbeddedPostgres } from './platform/embedded/postgres.ts';
import { prepareDatabase } from './platform/embedded/prepare-database.ts';
import type { Progress } from './platform/embedded/progress.ts';
import { startEmbeddedTemporal } from './platform/embedded/temporal.ts';
import { requireLogin } from './platform/database/login.ts';
import { requireTemporal } from './platform/temporal/required.ts';
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

/** What starting takes: where to tell how it goes, and where to add what has been started. */
interface Start {
  readonly progress: Progress;
  readonly running: Running;
  readonly logger: Logger;
}

/** Brings up whatever the environment does not name: PostgreSQL, Temporal and a mailbox, with their state in the data folder. */
export async function startServices(config: Config, start: Start): Promise<Services> {
  if (isSomethingEmbedded(config)) prepareDataFolder(config.dataDir);
  const secret = masterSecret(config.secretKey, config.dataDir);
  const [database, temporal, mail] = await Promise.all([
    startDatabase(config, start),
    startTemporal(config, start),
    startMail(config, start),
  ]);
  return { secret, ...database, ...temporal, ...mail };
}

function isSomethingEmbedded({ databaseUrl, temporal, smtpUrl }: Config): boolean {
  return databaseUrl === null || temporal.address === null || smtpUrl === null;
}

async function startDatabase(
  config: Config,
  { progress, running, logger }: Start,
): Promise<Pick<Services, 'databaseUrl' | 'migrationUrl'>> {
  if (config.databaseUrl !== null) return await givenDatabase(config.databaseUrl, config.databaseMigrationUrl);
  const dataDir = join(config.dataDir, 'postgres');
  const postgres = await startEmbeddedPostgres({ dataDir, progress });
  const again = { dataDir, port: postgres.port, progress: (line: string) => logger.info(line) };
  const stop = keepRunning(postgres, {
    service: 'PostgreSQL',
    variable: 'DATABASE_URL',
    start: () => startEmbeddedPostgres(again),
    logger,
    onGivenUp: running.fail,
  });
  running.add('postgres', stop);
  return prepareDatabase(postgres.adminUrl);
}

/** Looks before anything else is begun: the first start of an embedded Temporal may take minutes. */
async function givenDatabase(
  databaseUrl: string,
  givenForMigration: string | null,
): Promise<Pick<Services, 'databaseUrl' | 'migrationUrl'>> {
  const migrationUrl = givenForMigration ?? databaseUrl;
  for (const url of new Set([migrationUrl, databaseUrl])) await requireLogin(url, []);
  return { databaseUrl, migrationUrl };
}

async function startTemporal(
  config: Config,
  { progress, running, logger }: Start,
): Promise<Pick<Services, 'temporalAddress' | 'temporalUi'>> {
  const { address, namespace, security } = config.temporal;
  if (address !== null) {
    await requireTemporal({ address, namespace, security });
    return { temporalAddress: address, temporalUi: null };
  }
  const dataDir = join(config.dataDir, 'temporal');
  const temporal = await startEmbeddedTemporal({ dataDir, namespace, progress });
  const again = { dataDir, namespace, at: temporal.ports, progress: (line: string) => logger.info(line) };
  const stop = keepRunning(temporal, {
    service: 'Temporal',
    variable: 'TEMPORAL_ADDRESS',
    start: () => startEmbeddedTemporal(again),
    logger,
    onGivenUp: running.fail,
  });
  running.add('temporal', stop);
  return { temporalAddress: temporal.address, temporalUi: temporal.uiUrl };
}

async function startMail(config: Config, { running }: Start): Promise<Pick<Services, 'smtpUrl' | 'mailbox'>> {
  if (config.smtpUrl !== null) return { smtpUrl: config.smtpUrl, mailbox: null };
  const mailbox = await startMailbox({ dataDir: join(config.dataDir, 'mailbox') });
  running.add('mailbox', mailbox.stop);
  return { smtpUrl: mailbox.smtpUrl, mailbox };
}
