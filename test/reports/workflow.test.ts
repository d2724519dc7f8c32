import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { pino } from 'pino';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { installRuntime } from '../../src/platform/temporal/workflow-worker.ts';
import { newId } from '../../src/platform/ids.ts';
import {
  type SendUsageReportInput,
  USAGE_REPORT,
  type UsageReportActivities,
  type UsageReportPlan,
} from '../../workflows/contracts/usage-report.ts';
import { until } from '../support/api-caller.ts';
import { DAY, MINUTE } from '../workflows/support/durations.ts';
import { SkippingWorld } from '../workflows/support/skipping-world.ts';
import { startActivities } from './support/activities.ts';

let world: SkippingWorld;

beforeAll(async () => {
  // The SDK would tell each of the failures here.
  installRuntime(pino({ level: 'silent' }));
  world = await SkippingWorld.start();
});

afterAll(() => world?.stop());

const plan = (team: string): UsageReportPlan => ({
  organization: DEFAULT_ORGANIZATION,
  team,
  frequency: 'weekly',
  timezone: 'Europe/Berlin',
  fiscalYearStart: '01-01',
});

function start(input: UsageReportPlan, taskQueue = world.product.core.config.temporal.taskQueue) {
  return world.product.core.temporal.client.workflow.start(USAGE_REPORT, {
    workflowId: `test-${newId()}`,
    taskQueue,
    args: [input],
  });
}

describe('the workflow of a usage report', () => {
  test('sends it', async () => {
    const { id } = await makeTeam('works');
    const handle = await start(plan(id));
    expect(await handle.result()).toBe('sent');
    const mails = await mailTo('works@outside.test');
    expect(mails.map(({ subject }) => subject)).toEqual([expect.stringMatching(/^Weekly usage report: works, /)]);
  });

  test('tries again for as long as the database is away, and always for the same moment', async () => {
    const asked: SendUsageReportInput[] = [];
    let isAway = true;
    const activities: UsageReportActivities = {
      sendUsageReport: async (input) => {
        asked.push(input);
        if (isAway) throw new Error('the database is away');
        return 'sent';
      },
    };
    const stop = await startActivities(world.product, 'away', activities);
    const handle = await start(plan(newId()), 'away');
    await world.pass(DAY);
    // Every five minutes at least.
    expect(asked.length).toBeGreaterThan(280);
    isAway = false;
    await world.pass(10 * MINUTE);
    expect(await handle.result()).toBe('sent');
    await stop();
    expect(new Set(asked.map(({ dueAt }) => dueAt)).size).toBe(1);
  });

  test('ends when it is too late, so that the reports that wait for it get their turn', async () => {
    let attempts = 0;
    const activities: UsageReportActivities = {
      sendUsageReport: async () => {
        attempts += 1;
        throw ApplicationFailure.create({ message: 'it never can be made', nextRetryDelay: '1 day' });
      },
    };
    const stop = await startActivities(world.product, 'never', activities);
    const handle = await start(plan(newId()), 'never');
    await world.pass(36 * DAY);
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    await stop();
    expect(attempts).toBeGreaterThanOrEqual(34);
  });
});

function mailTo(address: string) {
  return until(async () => {
    const found = await world.mailbox.messages({ to: address });
    return found.length > 0 && found;
  }, `the mail to ${address}`);
}

async function makeTeam(alias: string): Promise<{ id: string }> {
  const { api, product } = world;
  await api.need('POST', '/api/v1/teams', { id: alias, name: alias });
  await api.need('PUT', `/api/v1/teams/${alias}/billing/settings`, {
    reporting: { frequency: 'weekly', recipients: [`${alias}@outside.test`] },
  });
  const rows = await product.core.work.read(DEFAULT_ORGANIZATION, (em) =>
    em.execute<{ id: string }[]>('select id from countersign.teams where alias = ?', [alias]),
  );
  return rows[0]!;
}
