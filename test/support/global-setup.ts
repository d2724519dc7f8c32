import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { pino } from 'pino';

import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { startEmbeddedTemporal } from '../../src/platform/embedded/temporal.ts';
import { bundleWorkflows } from '../../src/platform/temporal/workflow-worker.ts';
import globalTeardown from './global-teardown.ts';
import { runningServices } from './running-services.ts';

/** Nothing in a test run has to survive it. */
const fastSettings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_wal_size: '4GB' };

/**
 * Jest's globalSetup: one PostgreSQL with a migrated template database, one Temporal in memory and one bundle of the
 * workflows for the whole run. The test files find them through TEST_PG_ADMIN_URL, TEST_TEMPORAL_ADDRESS and
 * TEST_WORKFLOW_BUNDLE.
 */
export default async function globalSetup(): Promise<void> {
  const folder = await scratchFolder('test');
  await chmod(folder, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
  runningServices.push({ stop: () => rm(folder, { recursive: true, force: true }) });
  const started = await Promise.allSettled([
    startPostgres(join(folder, 'data')),
    startTemporal(),
    bundleInto(join(folder, 'workflows.js')),
  ]);
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

async function bundleInto(file: string): Promise<void> {
  const { code } = await bundleWorkflows(pino({ level: 'silent' }), []);
  await writeFile(file, code);
  process.env['TEST_WORKFLOW_BUNDLE'] = file;
}

function progress(line: string): void {
  process.stderr.write(`[test services] ${line}\n`);
}
