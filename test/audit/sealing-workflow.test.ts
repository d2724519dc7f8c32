import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { auditSealingWorkflowId } from '../../workflows/contracts/audit-sealing.ts';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { AuditProofs } from '../../src/audit/proofs.ts';
import { startTestSystem, type TestSystem } from '../support/system.ts';

const WORKER = fileURLToPath(new URL('../../src/worker.ts', import.meta.url));

let system: TestSystem;
let proofs: AuditProofs;
let admin: Client;

beforeAll(async () => {
  system = await startTestSystem();
  proofs = new AuditProofs(system.core.database);
  admin = new Client({ connectionString: system.databaseAdminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await system?.stop();
});

function handle() {
  return system.core.temporal.client.workflow.getHandle(
    auditSealingWorkflowId(system.core.config.temporal.taskQueue, 0),
  );
}

async function newestEntry(): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    'select id from countersign.audit_entries order by at desc, id desc limit 1',
  );
  return rows[0]!.id;
}

/** Makes a team, and waits until its entry is proven. */
async function untilProven(name: string): Promise<void> {
  await system.need('POST', '/api/v1/teams', { name });
  const entry = await newestEntry();
  await system.until(
    () => proofs.inclusion(DEFAULT_ORGANIZATION, { entry }).catch(() => null),
    'the entry is proven',
    30_000,
  );
}

describe('the sealing workflow', () => {
  test('runs as soon as a worker does, and proves every entry by itself', async () => {
    expect((await handle().describe()).status.name).toBe('RUNNING');
    await system.until(() => proofs.latestCheckpoint(DEFAULT_ORGANIZATION).catch(() => null), 'the first checkpoint');
    for (let n = 0; n < 5; n += 1) await untilProven(`Team ${n}`);
    const { text } = { text: await (await fetch(`${system.baseUrl}/metrics`)).text() };
    expect(text).toMatch(/countersign_audit_merge_delay_seconds_count [1-9]/);
    expect(text).toMatch(/countersign_audit_unsealed_oldest_seconds \d/);
  });

  test('lets go when its worker stops, and goes on with the next one where it was', async () => {
    await system.stopWorker();
    expect((await handle().describe()).status.name).toBe('RUNNING');
    await system.need('POST', '/api/v1/teams', { name: 'Written while nobody seals' });
    const entry = await newestEntry();
    await expect(proofs.inclusion(DEFAULT_ORGANIZATION, { entry })).rejects.toMatchObject({ name: 'NotSealedYet' });
    await system.startWorker();
    await system.until(
      () => proofs.inclusion(DEFAULT_ORGANIZATION, { entry }).catch(() => null),
      'the entry is proven',
      30_000,
    );
  });

  test('is taken over where its worker is killed', async () => {
    await system.stopWorker();
    const { surroundings, config } = system.core;
    const child = spawn(process.execPath, ['--no-warnings', WORKER], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        NODE_ENV: 'test',
        LOG_LEVEL: 'silent',
        DATABASE_URL: surroundings.databaseUrl,
        TEMPORAL_ADDRESS: surroundings.temporalAddress,
        SMTP_URL: surroundings.smtpUrl,
        COUNTERSIGN_SECRET_KEY: surroundings.secret,
        TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
        PUBLIC_URL: config.publicUrl,
      },
    });
    const ended = once(child, 'exit');
    await untilProven('Sealed by the one that is about to be killed');
    child.kill('SIGKILL');
    await ended;
    await system.startWorker();
    await untilProven('Sealed by its successor');
  });

  test('is started again where somebody has ended it', async () => {
    await handle().terminate('by hand');
    await system.stopWorker();
    await system.startWorker();
    await untilProven('After its end');
  });

  test('ends where it is cancelled, and begins anew with the next worker', async () => {
    await handle().cancel();
    await expect(handle().result()).rejects.toThrow('cancelled');
    await system.stopWorker();
    await system.startWorker();
    await untilProven('After its cancellation');
  });
});
