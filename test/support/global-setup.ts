import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { startEmbeddedTemporal } from '../../src/platform/embedded/temporal.ts';
import globalTeardown from './global-teardown.ts';
import { runningServices } from './running-services.ts';

/** Nothing in a test run has to survive it. */
const fastSettings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_wal_size: '4GB' };

/**
 * Jest's globalSetup: one PostgreSQL with a migrated template database and one Temporal in memory for the whole run.
 * The test files find them through TEST_PG_ADMIN_URL and TEST_TEMPORAL_ADDRESS.
 */
export default async function globalSetup(): Promise<void> {
  const folder = await scratchFolder('test');
  await chmod(folder, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
  runningServices.push({ stop: () => rm(folder, { recursive: true, force: true }) });
  const started = await Promise.allSettled([startPostgres(join(folder, 'data')), startTemporal()]);
  const failed = started.find((service) => service.status === 'rejected');
  if (failed === undefined) return;
  await globalTeardown(); // Jest does not call it when the setup fails
  throw failed.reason;
}

async function startPostgres(dataDir: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir, progress, settings: fastSettings });
  runningServices.unshift(postgres);
  process.env['TEST_PG_ADMIN_URL'] = postgres.adminUrl;
  const { prepareTemplate } = await import('./database.ts');
  await prepareTemplate(postgres.adminUrl);
}

async function startTemporal(): Promise<void> {
  const temporal = await startEmbeddedTemporal({ dataDir: null, namespace: 'default', progress });
  runningServices.unshift(temporal);
  process.env['TEST_TEMPORAL_ADDRESS'] = temporal.address;
}

function progress(line: string): void {
  process.stderr.write(`[test services] ${line}\n`);
}
