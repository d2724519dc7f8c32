import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ScheduleNotFoundError } from '@temporalio/client';
import { usageReportScheduleId } from '../../workflows/contracts/usage-report.ts';
import { type Program, startProgram } from '../support/program.ts';
import { startTestSystem, type TestSystem } from '../support/system.ts';
import { Client } from 'pg';

const DOOMED_REPORTER = new URL('./support/doomed-reporter.ts', import.meta.url);
/** Longer than Temporal waits for an activity whose worker has died. */
const RECOVERED_WITHIN_MS = 60_000;

let system: TestSystem;
let admin: Client;
let child: Program | null = null;

beforeEach(async () => {
  system = await startTestSystem({ worker: false });
  admin = new Client({ connectionString: system.databaseAdminUrl });
  await admin.connect();
  await system.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await (await scheduleOfTeam()).delete().catch(() => undefined);
  await admin.end();
  await system.stop();
});

/** @returns its end */
async function startDoomed(dies: string): Promise<NodeJS.Signals | null> {
  const { surroundings, config } = system.core;
  child = startProgram(DOOMED_REPORTER, {
    DIES: dies,
    TEST_WORKFLOW_BUNDLE: process.env['TEST_WORKFLOW_BUNDLE'],
    DATABASE_URL: surroundings.databaseUrl,
    TEMPORAL_ADDRESS: surroundings.temporalAddress,
    SMTP_URL: surroundings.smtpUrl,
    COUNTERSIGN_SECRET_KEY: surroundings.secret,
    TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
    PUBLIC_URL: config.publicUrl,
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

function setReporting(): Promise<unknown> {
  return system.need('PUT', '/api/v1/teams/research/billing/settings', {
    reporting: { frequency: 'weekly', recipients: ['finance@outside.test', 'lead@outside.test'] },
  });
}

async function scheduleOfTeam() {
  const { rows } = await admin.query<{ id: string }>('select id from countersign.teams');
  return system.core.temporal.client.schedule.getHandle(usageReportScheduleId(rows[0]!.id));
}

async function isScheduled(): Promise<boolean> {
  try {
    await (await scheduleOfTeam()).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

const requests = async () =>
  (await admin.query(`select from countersign.outbox where reference ->> 'type' = 'usage-report-schedule'`)).rowCount;

describe('a worker that is killed', () => {
  test('between the outbox and Temporal has the Schedule made by the next one', async () => {
    await setReporting();
    expect(await startDoomed('before-schedule')).toBe('SIGKILL');
    expect(await isScheduled()).toBe(false);
    expect(await requests()).toBe(1);
    await system.startWorker();
    await system.until(isScheduled, 'the schedule is there');
  });

  test('after Temporal and before the outbox knows of it leaves one Schedule, and the next one keeps it', async () => {
    await setReporting();
    expect(await startDoomed('after-schedule')).toBe('SIGKILL');
    const before = await (await scheduleOfTeam()).describe();
    expect(await requests()).toBe(1);
    // The lease of the killed one ends with its clock.
    await admin.query('update countersign.outbox set due_at = now()');
    await system.startWorker();
    await system.until(async () => (await requests()) === 0, 'the request is carried out');
    const after = await (await scheduleOfTeam()).describe();
    expect(after.info.createdAt).toEqual(before.info.createdAt);
    expect(after.info.lastUpdatedAt).toEqual(before.info.lastUpdatedAt);
  });

  test('after a report was committed and before Temporal hears of it has sent it, and it is not sent again', async () => {
    await setReporting();
    await system.startWorker();
    await system.until(isScheduled, 'the schedule is there');
    await system.stopWorker();
    const schedule = await scheduleOfTeam();
    await schedule.trigger();
    expect(await startDoomed('after-report')).toBe('SIGKILL');
    await system.startWorker();
    const [action] = await system.until(async () => {
      const { recentActions } = (await schedule.describe()).info;
      return recentActions.length > 0 && recentActions;
    }, 'the action');
    const { workflow } = system.core.temporal.client;
    expect(await workflow.getHandle(action!.action.workflow.workflowId).result()).toBe('already-sent');
    await system.until(
      async () => (await admin.query(`select from countersign.outbox where channel = 'mail'`)).rowCount === 0,
      'every mail is delivered',
      RECOVERED_WITHIN_MS + 60_000,
    );
    for (const address of ['finance@outside.test', 'lead@outside.test']) {
      const ids = (await system.mails(address)).map(({ id }) => id);
      expect(ids).toHaveLength(1);
    }
    const { items } = await system.need('GET', '/api/v1/audit/entries?action=usage_report.sent');
    expect(items).toHaveLength(1);
  }, 180_000);
});
