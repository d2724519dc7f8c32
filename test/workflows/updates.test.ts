import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { Client as PgClient } from 'pg';
import { newId } from '../../src/platform/ids.ts';
import { approvalWorkflowId, type IntentInput, type IntentOutcome } from '../../workflows/contracts/approvals.ts';
import { until } from '../support/api-caller.ts';
import { eventTypes } from './support/history.ts';
import { RealWorld } from './support/real-world.ts';

const CROWD = Array.from({ length: 12 }, (_, index) => `approver-${index + 1}`);

let world: RealWorld;
const keys: Record<string, string> = {};

beforeAll(async () => {
  world = await RealWorld.start();
  await world.product.startWorker();
  await world.api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  for (const user of ['asker', ...CROWD]) keys[user] = await world.api.person('research', user, ['member']);
});

afterAll(() => world?.stop());

function ask(approvers: readonly string[], more: Record<string, unknown> = {}) {
  return world.api.ask({
    team_id: 'research',
    requester_id: 'asker',
    chain: { stages: [{ approvers: approvers.map((user) => ({ user_id: user })), ...more }] },
  });
}

const [one = '', two = ''] = CROWD;

describe('an Update that cannot be taken', () => {
  /** Sends it past the API, which would have refused it before. */
  async function send(approval: string, kind: string, input: Omit<IntentInput, 'intent'>): Promise<string> {
    const handle = world.product.core.temporal.client.workflow.getHandle(approvalWorkflowId(approval));
    const intent = newId();
    try {
      await handle.executeUpdate<IntentOutcome, [IntentInput]>(kind, {
        args: [{ intent, ...input }],
        updateId: intent,
      });
      return 'taken';
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause && 'type' in error.cause)) throw error;
      return String(error.cause.type);
    }
  }

  test('is refused by the validator, and leaves no event in the history', async () => {
    const { id } = await ask([one]);
    const [row] = await world.query<{ requester_id: string; person_id: string }>(
      'select requester_id, person_id from countersign.approvals a join countersign.approval_asks k on k.approval_id = a.id where a.id = $1',
      [id],
    );
    const before = await until(async () => {
      const types = await eventTypes(world.product.core, id);
      return types.at(-1) === 'WORKFLOW_TASK_COMPLETED' && types;
    }, 'the workflow waits');
    expect(await send(id, 'decide', { attempt: { person: newId(), decision: 'approve' } })).toBe('not-an-approver');
    expect(await send(id, 'decide', { attempt: { person: row!.requester_id, decision: 'approve' } })).toBe(
      'separation-of-duties',
    );
    expect(await send(id, 'decide', { attempt: { person: row!.person_id, decision: 'approve', revision: 2 } })).toBe(
      'stale-revision',
    );
    expect(await send(id, 'decide', {})).toBe('invalid-request');
    expect(await eventTypes(world.product.core, id)).toEqual(before);
    expect((await world.api.decide(id, keys[one]!, 'approve')).body).toMatchObject({ state: 'approved' });
  });

  test('is refused while the request waits for changes', async () => {
    const { id } = await ask([one, two]);
    await world.api.decide(id, keys[one]!, 'request_changes');
    const asks = await world.query<{ person_id: string }>(
      'select person_id from countersign.approval_asks where approval_id = $1 order by id',
      [id],
    );
    const before = await eventTypes(world.product.core, id);
    expect(await send(id, 'decide', { attempt: { person: asks[1]!.person_id, decision: 'approve' } })).toBe(
      'approval-closed',
    );
    expect(await send(id, 'decide', { attempt: { person: asks[0]!.person_id, decision: 'approve' } })).toBe(
      'already-decided',
    );
    expect(await eventTypes(world.product.core, id)).toEqual(before);
  });
});

describe('decisions at the same moment', () => {
  test('of which one suffices: one counts, the other is late, and both are on record', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await ask([one, two]);
      const answers = await Promise.all([
        world.api.decide(id, keys[one]!, 'approve'),
        world.api.decide(id, keys[two]!, 'reject'),
      ]);
      expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409]);
      const late = answers.find((answer) => answer.status === 409)!;
      const approval = await world.api.read(id);
      expect(late.body).toMatchObject({ type: '/problems/approval-closed', state: approval.state });
      const [decision, ...others] = approval.stages[0].decisions;
      expect(others).toEqual([]);
      expect(approval.state).toBe(decision.decision === 'approve' ? 'approved' : 'rejected');
      const types = (await world.api.timeline(id)).map((item) => item.type).filter((type) => type.includes('deci'));
      expect(types).toEqual(['decided', 'late_decision']);
    }
  });

  test('which are all needed: all count, and the last of them approves', async () => {
    const { id } = await ask([one, two], { required: 2 });
    const answers = await Promise.all([one, two].map((user) => world.api.decide(id, keys[user]!, 'approve')));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    expect(await world.api.read(id)).toMatchObject({ state: 'approved', stages: [{ decisions: [{}, {}] }] });
  });

  test('of one person (a double click) count once', async () => {
    const { id } = await ask([one, two], { required: 2 });
    const answers = await Promise.all([1, 2, 3].map(() => world.api.decide(id, keys[one]!, 'approve')));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(await world.api.read(id)).toMatchObject({ state: 'pending', stages: [{ decisions: [{ user_id: one }] }] });
    expect((await world.api.timeline(id)).filter((item) => item.type === 'decided')).toHaveLength(1);
  });

  test('more than a workflow takes at once (ten Updates): the others wait, and all count', async () => {
    const { id } = await ask(CROWD, { required: 'all' });
    // Whoever holds the request's row holds up its workflow, and with it every Update. Decisions can be recorded meanwhile.
    const holder = new PgClient({ connectionString: world.databaseAdminUrl });
    await holder.connect();
    await holder.query('begin');
    await holder.query('select from countersign.approvals where id = $1 for no key update', [id]);
    const answering = Promise.all(CROWD.map((user) => world.api.decide(id, keys[user]!, 'approve')));
    await until(
      async () =>
        (await world.query('select from countersign.approval_intents where approval_id = $1', [id])).length ===
        CROWD.length,
      'every decision is recorded',
    );
    await until(
      async () =>
        (await eventTypes(world.product.core, id)).filter((type) => type === 'WORKFLOW_TASK_STARTED').length > 0,
      'the workflow is at work',
    );
    await holder.query('commit');
    await holder.end();
    expect((await answering).map((answer) => answer.status)).toEqual(CROWD.map(() => 200));
    const approval = await world.api.read(id);
    expect(approval.state).toBe('approved');
    expect(approval.stages[0].decisions.map((decision: { user_id: string }) => decision.user_id).toSorted()).toEqual(
      CROWD.toSorted(),
    );
  });
});
