import { randomBytes } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entities } from '../../src/entities.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { prepareDatabase } from '../../src/platform/embedded/prepare-database.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { freePorts } from './free-ports.ts';
import { answersWell, startProductProcess, untilReady } from './product-process.ts';
import { makeOrganization } from './services.ts';

/** An API process on a PostgreSQL that writes to disk what it has committed. Temporal has no part in what is measured. */
export interface UsageServices {
  /** A superuser's. */
  readonly adminUrl: string;
  readonly baseUrl: string;
  readonly ownerKey: string;
  readonly apiPid: number;
  stop(): Promise<void>;
}

/** @param nodeOptions of the API process, such as `--cpu-prof` */
export async function startUsageServices(
  progress: Progress,
  nodeOptions: readonly string[] = [],
): Promise<UsageServices> {
  const folder = await scratchFolder('bench-usage');
  await chmod(folder, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
  const running: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const stopOne of running.splice(0).toReversed()) await stopOne();
  };
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      progress,
      settings: { shared_buffers: '512MB', max_wal_size: '4GB' },
    });
    running.push(postgres.stop);
    const { databaseUrl, migrationUrl } = await prepareDatabase(postgres.adminUrl);
    const [port, nobody] = await freePorts(2);
    const baseUrl = `http://127.0.0.1:${port}`;
    const environment = {
      NODE_ENV: 'production',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: `127.0.0.1:${nobody}`,
      SMTP_URL: `smtp://127.0.0.1:${nobody}`,
      LOG_LEVEL: 'warn',
      COUNTERSIGN_SECRET_KEY: randomBytes(32).toString('hex'),
      COUNTERSIGN_BOOTSTRAP_KEY: `bench_${randomBytes(24).toString('hex')}`,
      RATE_LIMIT: '0',
    };
    await migrate(migrationUrl, databaseUrl, entities);
    await makeOrganization(environment);
    const api = await startProductProcess({ entry: 'api', folder, environment, nodeOptions });
    running.push(() => api.stop());
    await untilReady(api, () => answersWell(`${baseUrl}/healthz`));
    return { adminUrl: migrationUrl, baseUrl, ownerKey: environment.COUNTERSIGN_BOOTSTRAP_KEY, apiPid: api.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
