import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { composeSealing } from '../../../src/composition/sealing.ts';
import { newId } from '../../../src/platform/ids.ts';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { partitionOf } from './archive-world.ts';

const MONTH = '2001-03';
/** Enough that writing them out takes a while. */
const ENTRIES = 30_000;
const WORKER = fileURLToPath(new URL('../../../src/worker.ts', import.meta.url));
/** The heartbeat's time, the pause before the next attempt, and the work itself on a busy machine. */
const TAKEN_OVER_WITHIN_MS = 150_000;

let folder: string;
let system: TestSystem;
let admin: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-archive-'));
  system = await startTestSystem({ worker: false, environment: { AUDIT_ARCHIVE_DIR: folder } });
  admin = new Client({ connectionString: system.databaseAdminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

function startWorkerProcess() {
  const { config, surroundings } = system.core;
  const environment = {
    DATABASE_URL: surroundings.databaseUrl,
    TEMPORAL_ADDRESS: surroundings.temporalAddress,
    TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
    SMTP_URL: surroundings.smtpUrl,
    COUNTERSIGN_SECRET_KEY: surroundings.secret,
    AUDIT_ARCHIVE_DIR: folder,
    LOG_LEVEL: 'silent',
    PUBLIC_URL: config.publicUrl,
  };
  return spawn(process.execPath, [WORKER], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function writeOldEntries(): Promise<void> {
  await admin.query('set role countersign_owner');
  await admin.query('select countersign.make_audit_partition($1, $2)', [
    partitionOf(MONTH),
    `for values from ('2001-03-01T00:00:00Z') to ('2001-04-01T00:00:00Z')`,
  ]);
  await admin.query('reset role');
  const origin = { organization: DEFAULT_ORGANIZATION, actor: { type: 'system' as const, id: null }, requestId: null };
  for (let written = 0; written < ENTRIES; written += 10_000) {
    await system.core.work.write(
      origin,
      async (tx) => {
        for (let n = 0; n < 10_000; n += 1) tx.record({ action: 'team.made', resource: { type: 'team', id: newId() } });
      },
      new Date('2001-03-04T05:06:07Z'),
    );
  }
}

/** What is not sealed is not archived: the worker would try again after some seconds. */
async function sealAll(): Promise<void> {
  const { sealing, close } = composeSealing(system.core);
  const done = new AbortController();
  const running = sealing.run({ index: 0, of: 1 }, done.signal);
  await system.until(
    async () => (await admin.query('select from countersign.audit_pending')).rowCount === 0,
    'everything is sealed',
    60_000,
  );
  done.abort();
  await running;
  await close();
}

const filesThere = () => readdir(join(folder, DEFAULT_ORGANIZATION)).catch((): string[] => []);

describe('the workflow that archives', () => {
  test('has another worker go on where one was killed in the middle of a month', async () => {
    await writeOldEntries();
    await sealAll();
    const doomed = startWorkerProcess();
    await system.until(
      async () => (await filesThere()).some((name) => name.startsWith('.')),
      'a file is being written',
      60_000,
    );
    const gone = once(doomed, 'exit');
    doomed.kill('SIGKILL');
    await gone;
    const { rows } = await admin.query('select from countersign.audit_archives');
    expect(rows).toEqual([]);
    await system.startWorker();
    await system.until(
      async () =>
        (await admin.query('select to_regclass($1) is null as gone', [`countersign.${partitionOf(MONTH)}`])).rows[0]
          .gone,
      'the month has left the database',
      TAKEN_OVER_WITHIN_MS,
    );
    expect(await filesThere()).toHaveLength(2);
    expect((await admin.query('select month, entries from countersign.audit_archives')).rows).toEqual([
      { month: MONTH, entries: ENTRIES },
    ]);
  }, 300_000);
});
