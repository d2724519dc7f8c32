import { randomBytes } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bootstrap } from '../../src/bootstrap.ts';
import { composeCore } from '../../src/composition.ts';
import { parseConfig } from '../../src/config.ts';
import { entities } from '../../src/entities.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { prepareDatabase } from '../../src/platform/embedded/prepare-database.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { createLogger } from '../../src/platform/observability/log.ts';
import { freePorts } from './free-ports.ts';
import { startSmtpSink, type SmtpSink } from './smtp-sink.ts';
import { startTemporalOnPostgres, type TemporalOnPostgres } from './temporal-server.ts';

/** What the product stands on, and what its processes are told of it. */
export interface Services {
  readonly folder: string;
  /** A superuser's, for looking at what no role of the product may see. */
  readonly adminUrl: string;
  readonly temporal: TemporalOnPostgres;
  readonly smtp: SmtpSink;
  readonly baseUrl: string;
  readonly ownerKey: string;
  /** Of API and worker alike. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface ServicesOptions {
  readonly progress: Progress;
  /** What API and worker are told besides. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly postgresSettings?: Record<string, string>;
}

/**
 * Starts what a production installation has, on this machine and with nothing in it: PostgreSQL that writes to disk what it
 * has committed, the real Temporal on it, a mail server, the migrated database and its first organization.
 */
export async function startServices({
  progress,
  environment: more = {},
  postgresSettings = {},
}: ServicesOptions): Promise<Services> {
  const folder = await scratchFolder('bench');
  await chmod(folder, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
  const running: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const stopOne of running.splice(0).toReversed()) await stopOne();
  };
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      progress,
      settings: postgresSettings,
    });
    running.push(postgres.stop);
    const temporal = await startTemporalOnPostgres({ adminUrl: postgres.adminUrl, progress });
    running.push(() => temporal.stop());
    const smtp = await startSmtpSink();
    running.push(() => smtp.stop());
    const { databaseUrl, migrationUrl } = await prepareDatabase(postgres.adminUrl);
    const [port] = await freePorts(1);
    const environment = {
      NODE_ENV: 'production',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      SMTP_URL: smtp.url,
      COUNTERSIGN_SECRET_KEY: randomBytes(32).toString('hex'),
      COUNTERSIGN_BOOTSTRAP_KEY: `bench_${randomBytes(24).toString('hex')}`,
      RATE_LIMIT: '0',
      ...more,
    };
    await migrate(migrationUrl, databaseUrl, entities);
    await makeOrganization(environment);
    return {
      folder,
      adminUrl: migrationUrl,
      temporal,
      smtp,
      baseUrl: `http://127.0.0.1:${port}`,
      ownerKey: environment.COUNTERSIGN_BOOTSTRAP_KEY,
      environment,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The product's own code in this process, on the services that the environment names. The caller stops it. */
export function openCore(environment: Readonly<Record<string, string>>) {
  const config = parseConfig({ ...environment, LOG_LEVEL: 'error' });
  const { databaseUrl, temporal, smtpUrl, secretKey } = config;
  if (!databaseUrl || !temporal.address || !smtpUrl || !secretKey) throw new Error('the environment names no services');
  return composeCore({
    config,
    logger: createLogger(config),
    databaseUrl,
    temporalAddress: temporal.address,
    smtpUrl,
    secret: secretKey,
  });
}

/** Makes the first organization, whose owner has the bootstrap key. */
export async function makeOrganization(environment: Readonly<Record<string, string>>): Promise<void> {
  const core = await openCore(environment);
  try {
    await bootstrap(core.work, environment['COUNTERSIGN_BOOTSTRAP_KEY'] ?? null);
  } finally {
    await core.stop();
  }
}
