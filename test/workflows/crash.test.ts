import { describe, expect, test } from '@jest/globals';
import { until } from '../support/api-caller.ts';
import { RealWorld } from './support/real-world.ts';

/** Longer than Temporal waits for a worker that took a task and died. */
const RECOVERED_WITHIN_MS = 40_000;

interface World {
  readonly world: RealWorld;
  readonly approver: string;
}

async function withTeam(work: (parts: World) => Promise<void>): Promise<void> {
  const world = await RealWorld.start();
  try {
    await world.api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
    await world.api.person('research', 'asker', ['member']);
    await world.api.person('research', 'second', ['member']);
    await work({ world, approver: await world.api.person('research', 'first', ['member']) });
  } finally {
    await world.stop();
  }
}

async function timelineTypes(world: RealWorld, approval: string): Promise<string[]> {
  return (await world.api.timeline(approval)).map((item) => item.type).filter((type) => type !== 'mailed');
}

/** The entries of the audit log about a request, without its creation and what changes of people led to. */
async function audited(world: RealWorld, approval: string): Promise<string[]> {
  const rows = await world.query<{ action: string }>(
    `select action from countersign.audit_entries where resource_id = $1 and action not in ('approval.created', 'approval.refresh') order by id`,
    [approval],
  );
  return rows.map((row) => row.action);
}

async function subjectsOf(world: RealWorld, user: string): Promise<string[]> {
  return (await world.mailbox.messages({ to: `${user}@example.test` }))
    .map((mail) => mail.subject)
    .filter((subject) => /Approval needed|^Approved|^Rejected/.test(subject))
    .toSorted();
}

/** Waits until the outbox is empty: whatever was to be mailed is in the mailbox. */
async function delivered(world: RealWorld): Promise<void> {
  await until(
    async () => (await world.query(`select from countersign.outbox where channel = 'mail'`)).length === 0,
    'every mail is delivered',
  );
}

const twoStages = { stages: [{ approvers: [{ user_id: 'first' }] }, { approvers: [{ user_id: 'second' }] }] };

describe('a worker that is killed after its activity has committed and before Temporal hears of it', () => {
  test.concurrent(
    'took the decision once',
    () =>
      withTeam(async ({ world, approver }) => {
        const { id } = await world.api.ask({ team_id: 'research', requester_id: 'asker', chain: twoStages });
        const { signal } = await world.startDoomedWorker('applyIntent');
        const answering = world.api.decide(id, approver, 'approve');
        expect(await signal).toBe('SIGKILL');
        await world.product.startWorker();
        // Whoever waited may have been told that the service is away; the decision stands either way.
        expect([200, 503]).toContain((await answering).status);
        const decided = await until(
          async () => {
            const answer = await world.api.decide(id, approver, 'approve');
            return answer.status === 200 ? answer.body : null;
          },
          'the decision is answered',
          RECOVERED_WITHIN_MS,
        );
        expect(decided).toMatchObject({
          state: 'pending',
          stages: [{ state: 'approved', decisions: [{ user_id: 'first' }] }, { state: 'open' }],
        });
        await delivered(world);
        expect(await timelineTypes(world, id)).toEqual(['created', 'stage_opened', 'decided', 'stage_opened']);
        expect(await audited(world, id)).toEqual(['approval.decide']);
        expect(await subjectsOf(world, 'second')).toEqual(['Approval needed: A request']);
      }),
    90_000,
  );

  test.concurrent(
    'reminded once, and opened the next stage by timeout once',
    () =>
      withTeam(async ({ world }) => {
        const { signal } = await world.startDoomedWorker('fireTimer');
        const stages = [
          { ...twoStages.stages[0], reminders: ['PT1S'], timeout: 'PT3S', on_timeout: 'approve' },
          twoStages.stages[1],
        ];
        const { id } = await world.api.ask({ team_id: 'research', requester_id: 'asker', chain: { stages } });
        expect(await signal).toBe('SIGKILL');
        await world.product.startWorker();
        await until(
          async () =>
            (await timelineTypes(world, id)).at(-1) === 'stage_opened' &&
            (await world.api.read(id)).stages[1].state === 'open',
          'the second stage opens',
          RECOVERED_WITHIN_MS,
        );
        await delivered(world);
        expect(await timelineTypes(world, id)).toEqual([
          'created',
          'stage_opened',
          'reminded',
          'decided',
          'stage_opened',
        ]);
        expect(await audited(world, id)).toEqual(['approval.timer_remind', 'approval.timer_deadline']);
        expect(await subjectsOf(world, 'first')).toEqual([
          'Approval needed: A request',
          'Reminder: Approval needed: A request',
        ]);
        expect(await subjectsOf(world, 'second')).toEqual(['Approval needed: A request']);
      }),
    90_000,
  );
});

describe('a worker that was away', () => {
  test.concurrent(
    'finds what ran out meanwhile, and does it once',
    () =>
      withTeam(async ({ world }) => {
        const { id } = await world.api.ask({
          team_id: 'research',
          requester_id: 'asker',
          chain: {
            stages: [
              { ...twoStages.stages[0], timeout: 'PT1S', on_timeout: 'escalate', escalate_to: [{ user_id: 'second' }] },
            ],
          },
        });
        await until(
          async () => Date.now() > Date.parse((await world.api.read(id)).stages[0].deadline_at),
          'the time has run out',
        );
        expect(await timelineTypes(world, id)).toEqual(['created', 'stage_opened']);
        await world.product.startWorker();
        await until(async () => (await world.api.read(id)).state === 'rejected', 'the request is rejected');
        expect(await timelineTypes(world, id)).toEqual(['created', 'stage_opened', 'escalated', 'rejected']);
      }),
    90_000,
  );
});
