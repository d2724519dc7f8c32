import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { BudgetWorkflows } from '../../src/budgets/enforcement/budget-workflows.ts';
import type { ClaimedMessage } from '../../src/notify/service.ts';
import { TemporalConnection } from '../../src/platform/temporal/connection.ts';
import { budgetEnforcementWorkflowId } from '../../workflows/contracts/budget-enforcement.ts';
import { encodingOf, payloadsIn } from '../workflows/support/history.ts';
import { TestClock } from '../http/support/test-clock.ts';
import { freePort } from '../support/free-port.ts';
import { Purse } from './support/purse.ts';

let purse: Purse;
let admin: Client;
let message: ClaimedMessage;
let period: string;

beforeAll(async () => {
  purse = await Purse.open();
  admin = new Client({ connectionString: purse.system.databaseAdminUrl });
  await admin.connect();
  await purse.budget('vision', 'main', '10');
  await purse.spend('one', '10');
  const { rows } = await admin.query(
    `select id, organization_id as organization, channel, reference, created_at as "createdAt", due_at as "dueAt" from countersign.outbox where channel = 'budget'`,
  );
  message = { ...rows[0], body: null, attempts: 1 };
  period = String(message.reference['period']);
});

afterAll(async () => {
  await admin?.end();
  await purse?.close();
});

function relay(more: Partial<ConstructorParameters<typeof BudgetWorkflows>[0]> = {}): BudgetWorkflows {
  const { work, temporal, config, clock } = purse.system.core;
  return new BudgetWorkflows({ work, temporal, taskQueue: config.temporal.taskQueue, clock, ...more });
}

function pastItsPeriod(): TestClock {
  const clock = new TestClock();
  clock.advance(62 * 86_400_000);
  return clock;
}

function handle() {
  return purse.system.core.temporal.client.workflow.getHandle(budgetEnforcementWorkflowId(period));
}

describe('what a budget has crossed', () => {
  test('stands in the outbox with opaque ids only', () => {
    expect(message).toMatchObject({ organization: DEFAULT_ORGANIZATION, channel: 'budget' });
    expect(message.reference).toEqual({
      type: 'limit-reached',
      budget: expect.stringMatching(/^[0-9a-f-]{36}$/),
      period: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('is tried again while Temporal is away', async () => {
    const { master, config } = purse.system.core;
    const nowhere = TemporalConnection.open({
      address: `127.0.0.1:${await freePort()}`,
      namespace: config.temporal.namespace,
      payloadKey: master.payloads,
    });
    expect(await relay({ temporal: nowhere }).deliver(message)).toEqual({ outcome: 'retry', error: 'unavailable' });
    await nowhere.close();
    expect(await purse.reserve('1')).toMatchObject({ status: 402 });
  }, 30_000);

  test('starts the workflow of its period, once, and tells it each time', async () => {
    expect(await relay().deliver(message)).toEqual({ outcome: 'delivered' });
    const { runId } = await handle().describe();
    expect(await relay().deliver(message)).toEqual({ outcome: 'delivered' });
    expect((await handle().describe()).runId).toBe(runId);
    const { events } = await handle().fetchHistory();
    const signals = (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes);
    expect(signals).toHaveLength(2);
    for (const { path, payload } of payloadsIn({ events: events ?? [] }))
      expect({ path, encoding: encodingOf(payload) }).toEqual({ path, encoding: 'binary/encrypted' });
    await handle().terminate();
  });

  test.each(['warning-crossed', 'limit-reached'])('is told also once its period is over: %s', async (type) => {
    const reference = { ...message.reference, type };
    expect(await relay({ clock: pastItsPeriod() }).deliver({ ...message, reference })).toEqual({
      outcome: 'delivered',
    });
    await handle().terminate();
  });

  test.each(['first-refusal', 'terms-changed', 'increase-closed'])(
    'needs nothing more once its period is over: %s',
    async (type) => {
      const reference = { ...message.reference, type };
      expect(await relay({ clock: pastItsPeriod() }).deliver({ ...message, reference })).toEqual({
        outcome: 'obsolete',
      });
    },
  );

  test('of a period that nobody knows is not needed either', async () => {
    const reference = { ...message.reference, period: '00000000-0000-7000-8000-000000000000' };
    expect(await relay().deliver({ ...message, reference })).toEqual({ outcome: 'obsolete' });
  });
});
