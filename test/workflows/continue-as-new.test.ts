import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  approvalWorkflowId,
  type ApprovalControl,
  type IntentInput,
  type IntentOutcome,
} from '../../workflows/contracts/approvals.ts';
import { until } from '../support/api-caller.ts';
import { historyOf } from './support/history.ts';
import { startImpatientTemporal } from './support/impatient-temporal.ts';
import { RealWorld } from './support/real-world.ts';

const SUGGESTED_FROM_EVENTS = 40;

let temporal: TestWorkflowEnvironment;
let world: RealWorld;
const keys: Record<string, string> = {};

beforeAll(async () => {
  temporal = await startImpatientTemporal(SUGGESTED_FROM_EVENTS);
  world = await RealWorld.start(temporal.address);
  await world.product.startWorker();
  await world.api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  for (const user of ['asker', 'first', 'second']) keys[user] = await world.api.person('research', user, ['member']);
});

afterAll(async () => {
  await world?.stop();
  await temporal?.teardown();
});

function ask(stage: Record<string, unknown> = {}) {
  const approvers = [{ user_id: 'first' }, { user_id: 'second' }];
  return world.api.ask({
    team_id: 'research',
    requester_id: 'asker',
    chain: { stages: [{ approvers, required: 2, ...stage }] },
  });
}

function handleOf(approval: string) {
  return world.product.core.temporal.client.workflow.getHandle(approvalWorkflowId(approval));
}

async function runOf(approval: string): Promise<string> {
  return (await handleOf(approval).describe()).runId;
}

/** Changes words until the workflow has continued as new. @returns how often */
async function driveIntoNextRun(approval: string): Promise<number> {
  const first = await runOf(approval);
  for (let sent = 0; sent < 100; sent += 1) {
    if ((await runOf(approval)) !== first) return sent;
    await world.api.need('POST', `/api/v1/approvals/${approval}/resubmit`, { title: `In other words ${sent}` });
  }
  throw new Error('100 changes did not make the workflow continue as new');
}

describe('a workflow whose history has grown long', () => {
  test('continues as new, loses nothing, and is decided in a later run', async () => {
    const { id } = await ask();
    await world.api.decide(id, keys['first']!, 'approve');
    const sent = await driveIntoNextRun(id);
    expect((await world.api.timeline(id)).filter((item) => item.type === 'resubmitted')).toHaveLength(sent);
    const { body } = await world.api.decide(id, keys['second']!, 'approve');
    expect(body).toMatchObject({
      state: 'approved',
      stages: [{ decisions: [{ user_id: 'first' }, { user_id: 'second' }] }],
    });
    await until(async () => (await handleOf(id).describe()).status.name === 'COMPLETED', 'the last run ends');
  });

  test('remembers in the next run what was decided, also under the Update ids of the run before', async () => {
    const { id } = await ask();
    await world.api.decide(id, keys['first']!, 'approve');
    const [intent] = await world.query<{ id: string; person_id: string }>(
      `select id, person_id from countersign.approval_intents where approval_id = $1 and kind = 'decide'`,
      [id],
    );
    await driveIntoNextRun(id);
    const control = await handleOf(id).query<ApprovalControl>('control');
    expect(control.snapshot.decided).toEqual({ [intent!.person_id]: 'approve' });
    // Temporal itself knows an Update id within one run only.
    const again = await handleOf(id).executeUpdate<IntentOutcome, [IntentInput]>('decide', {
      args: [{ intent: intent!.id, attempt: { person: intent!.person_id, decision: 'approve' } }],
      updateId: intent!.id,
    });
    expect(again).toEqual({ outcome: 'repeated' });
    expect((await world.api.timeline(id)).filter((item) => item.type === 'decided')).toHaveLength(1);
  });

  test('keeps its deadline', async () => {
    const {
      id,
      stages: [{ deadline_at }],
    } = await ask({ timeout: 'PT6S' });
    await driveIntoNextRun(id);
    expect((await handleOf(id).query<ApprovalControl>('control')).timers.deadlineAt).toBe(Date.parse(deadline_at));
    await until(async () => (await world.api.read(id)).state === 'rejected', 'the time runs out');
    expect(Date.parse((await world.api.read(id)).decided_at)).toBeGreaterThanOrEqual(Date.parse(deadline_at));
  });

  test('answers what is under way before a run ends', async () => {
    const { id } = await ask();
    const first = await runOf(id);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        world.api.call('POST', `/api/v1/approvals/${id}/resubmit`, { title: `At once ${n}` }),
      ),
    );
    expect(answers.filter((answer) => answer.status !== 200).map((answer) => answer.body)).toEqual([]);
    expect(await runOf(id)).not.toBe(first);
    const { events } = await historyOf(world.product.core, id, first);
    const accepted = (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
    const completed = (events ?? []).filter((event) => event.workflowExecutionUpdateCompletedEventAttributes).length;
    expect(accepted).toBeGreaterThan(0);
    expect(completed).toBe(accepted);
  });
});
