import { describe, expect, test } from '@jest/globals';
import { until } from '../support/api-caller.ts';
import { FundedTeam } from './support/funded-team.ts';
import { RealWorld } from './support/real-world.ts';
import { budgetEnforcementWorkflowId } from '../../workflows/contracts/budget-enforcement.ts';

/** Longer than Temporal waits for a worker that took a task and died. */
const RECOVERED_WITHIN_MS = 60_000;

async function withTeam(
  budget: Record<string, unknown>,
  work: (world: RealWorld, team: FundedTeam) => Promise<void>,
): Promise<void> {
  const world = await RealWorld.start();
  try {
    await work(world, await FundedTeam.make(world.api, 'research', { period: 'monthly', ...budget }));
  } finally {
    await world.stop();
  }
}

/** Has the relay bring events, and a worker die after the activity; then another worker goes on. */
async function dieAfter(world: RealWorld, activity: string, cause: () => Promise<unknown>): Promise<void> {
  const { signal } = await world.startDoomedWorker(activity);
  await cause();
  // The doomed worker has no relay: what the outbox holds is brought by hand.
  await bringEvents(world);
  expect(await signal).toBe('SIGKILL');
  await world.product.startWorker();
}

async function bringEvents(world: RealWorld): Promise<void> {
  const { temporal, config } = world.product.core;
  const rows = await world.query<{ id: string; organization_id: string; period: string; type: string }>(
    `select id, organization_id, reference ->> 'period' as period, reference ->> 'type' as type from countersign.outbox where channel = 'budget' order by created_at, id`,
  );
  for (const { id, organization_id: organization, period, type } of rows)
    await temporal.client.workflow.signalWithStart('budgetEnforcement', {
      workflowId: budgetEnforcementWorkflowId(period),
      taskQueue: config.temporal.taskQueue,
      args: [{ organization, period }],
      signal: 'budgetEvent',
      signalArgs: [{ id, type }],
    });
}

/** What the enforcement has written into the audit log, in its order. */
async function steps(world: RealWorld): Promise<string[]> {
  const rows = await world.query<{ step: string }>(
    `select concat_ws(' ', action, leaf::jsonb #>> '{detail,because}') as step from countersign.audit_entries where action ~ '^budget[.](alerted|measure|increase)' order by at, id`,
  );
  return rows.map(({ step }) => step);
}

async function mailsToBoss(world: RealWorld): Promise<string[]> {
  await until(
    async () => (await world.query(`select from countersign.outbox where channel = 'mail'`)).length === 0,
    'every mail is delivered',
  );
  const mails = await world.mailbox.messages({ to: 'research-boss@example.test' });
  return mails
    .map(({ subject }) => subject)
    .filter((subject) => /^Budget|^Approval needed/.test(subject))
    .toSorted();
}

describe('a worker that is killed between two steps of an increase', () => {
  test.concurrent.each(['tellOfCrossing', 'lookAtBudget', 'askForIncrease'])(
    'after %s asks once and tells once',
    (activity) =>
      withTeam({}, async (world, team) => {
        await dieAfter(world, activity, () => team.spend('100', new Date()));
        const request = await team.request('pending', RECOVERED_WITHIN_MS);
        await team.becomes('awaiting_approval', RECOVERED_WITHIN_MS);
        expect(await mailsToBoss(world)).toEqual([
          'Approval needed: Increase of the budget “main”',
          'Budget used up: main (Team research)',
        ]);
        await team.decide(request, 'approve');
        await until(
          async () => (await team.read())['limit'].value === '120.00',
          'the limit is raised',
          RECOVERED_WITHIN_MS,
        );
        expect(await steps(world)).toEqual(['budget.alerted', 'budget.increase_requested', 'budget.increased']);
        expect(await team.requests()).toHaveLength(1);
      }),
    180_000,
  );

  test.concurrent(
    'after concludeIncrease raises the limit once',
    () =>
      withTeam({}, async (world, team) => {
        await world.product.startWorker();
        await team.spend('100', new Date());
        const request = await team.request('pending');
        await team.becomes('awaiting_approval');
        await world.product.stopWorker();
        await dieAfter(world, 'concludeIncrease', async () => {
          await team.decide(request, 'approve');
          await team.request('approved', RECOVERED_WITHIN_MS);
        });
        await until(
          async () => (await team.read())['limit'].value === '120.00',
          'the limit is raised',
          RECOVERED_WITHIN_MS,
        );
        await team.becomes('warning', RECOVERED_WITHIN_MS);
        expect((await steps(world)).filter((step) => step === 'budget.increased')).toHaveLength(1);
        expect(await world.query('select from countersign.budget_overrides')).toHaveLength(1);
      }),
    180_000,
  );
});

describe('a worker that is killed between two steps of a suspension', () => {
  test.concurrent(
    'after imposeMeasure has it in force once, and takes it back when it is cancelled',
    () =>
      withTeam({ exceeded_action: 'suspend' }, async (world, team) => {
        await dieAfter(world, 'imposeMeasure', () => team.spend('100', new Date()));
        const [row] = await world.query<{ period: string }>(
          'select period_id as period from countersign.budget_measures',
        );
        const handle = world.product.core.temporal.client.workflow.getHandle(budgetEnforcementWorkflowId(row!.period));
        await handle.cancel();
        await until(
          async () => (await handle.describe()).status.name === 'CANCELLED',
          'the saga is cancelled',
          RECOVERED_WITHIN_MS,
        );
        expect(await steps(world)).toEqual([
          'budget.alerted',
          'budget.measure_taken',
          'budget.measure_lifted cancelled',
        ]);
        expect(await world.query('select measure from countersign.budget_periods')).toEqual([{ measure: null }]);
      }),
    180_000,
  );

  test.concurrent(
    'after undoMeasure has taken it back once',
    () =>
      withTeam({ exceeded_action: 'suspend' }, async (world, team) => {
        await world.product.startWorker();
        await team.spend('100', new Date());
        await until(async () => (await steps(world)).length === 2, 'it is suspended');
        await world.product.stopWorker();
        await dieAfter(world, 'undoMeasure', () => team.override('50'));
        await until(
          async () => (await world.query(`select from countersign.outbox where channel = 'budget'`)).length === 0,
          'every event is brought',
          RECOVERED_WITHIN_MS,
        );
        expect(await steps(world)).toEqual([
          'budget.alerted',
          'budget.measure_taken',
          'budget.measure_lifted no-longer-needed',
        ]);
        expect(await team.reserve('50')).toBe(201);
      }),
    180_000,
  );
});
