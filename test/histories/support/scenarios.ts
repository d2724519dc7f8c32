import { until } from '../../support/api-caller.ts';
import type { RealWorld } from '../../workflows/support/real-world.ts';

/** One life of a request. @returns its id, once its workflow has ended */
type Scenario = (lives: Lives) => Promise<string>;

/** What the scenarios share: a team of five, and a way to ask. */
export class Lives {
  readonly world: RealWorld;
  readonly keys: Readonly<Record<string, string>>;

  private constructor(world: RealWorld, keys: Record<string, string>) {
    this.world = world;
    this.keys = keys;
  }

  static async prepare(world: RealWorld): Promise<Lives> {
    await world.api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
    const keys: Record<string, string> = {};
    for (const user of ['asker', 'first', 'second', 'boss', 'deputy'])
      keys[user] = await world.api.person('research', user, ['member']);
    return new Lives(world, keys);
  }

  async ask(stages: readonly Record<string, unknown>[], more: Record<string, unknown> = {}): Promise<string> {
    const { id } = await this.world.api.ask({ team_id: 'research', requester_id: 'asker', chain: { stages }, ...more });
    return id;
  }

  async decide(approval: string, user: string, decision: string): Promise<void> {
    await this.world.api.need('POST', `/api/v1/approvals/${approval}/decisions`, { decision }, this.keys[user]);
  }

  async change(approval: string, action: string, body: Record<string, unknown> = {}): Promise<void> {
    await this.world.api.need('POST', `/api/v1/approvals/${approval}/${action}`, body);
  }

  async becomes(approval: string, state: string): Promise<void> {
    await until(async () => (await this.world.api.read(approval)).state === state, `the request is ${state}`);
  }
}

const first = { approvers: [{ user_id: 'first' }] };
const second = { approvers: [{ user_id: 'second' }] };

/** More than one run's worth on a server that suggests to continue as new from 60 events on. */
const CHANGES = 16;

/** Together they hold every Update, every timer and every ending. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  async 'approve-in-two-stages'(lives) {
    const id = await lives.ask([{ ...first, timeout: 'P3D', reminders: ['P1D'] }, second]);
    await lives.decide(id, 'first', 'approve');
    await lives.decide(id, 'second', 'approve');
    return id;
  },

  async reject(lives) {
    const id = await lives.ask([{ approvers: [...first.approvers, ...second.approvers], required: 'all' }]);
    await lives.decide(id, 'first', 'approve');
    await lives.decide(id, 'second', 'reject');
    return id;
  },

  async escalate(lives) {
    const id = await lives.ask([
      { ...first, timeout: 'PT2S', reminders: ['PT1S'], on_timeout: 'escalate', escalate_to: [{ user_id: 'boss' }] },
    ]);
    await lives.becomes(id, 'rejected');
    return id;
  },

  async expire(lives) {
    const id = await lives.ask([{ ...first, timeout: 'P3D' }], { expires_in: 'PT1S' });
    await lives.becomes(id, 'expired');
    return id;
  },

  async resubmit(lives) {
    const id = await lives.ask([{ ...first, timeout: 'P3D' }], { context: { vendor: 'A' } });
    await lives.decide(id, 'first', 'request_changes');
    await lives.change(id, 'resubmit', { description: 'In other words.' });
    await lives.change(id, 'resubmit', { context: { vendor: 'B' } });
    await lives.decide(id, 'first', 'approve');
    return id;
  },

  async 'change-of-people'(lives) {
    const id = await lives.ask([{ approvers: [...first.approvers, ...second.approvers], required: 2 }]);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await lives.world.api.need('PUT', '/api/v1/users/second/absence', {
      from: new Date().toISOString(),
      until: tomorrow,
      delegate_user_id: 'deputy',
    });
    await until(
      async () =>
        (await lives.world.api.read(id)).stages[0].approvers.some(
          (approver: { user_id: string }) => approver.user_id === 'deputy',
        ),
      'the delegate is asked',
    );
    await lives.change(id, 'reassign', { from_user_id: 'first', to_user_id: 'boss' });
    await lives.change(id, 'withdraw');
    return id;
  },

  async 'continue-as-new'(lives) {
    const id = await lives.ask([{ ...first, timeout: 'P3D' }]);
    for (let sent = 0; sent < CHANGES; sent += 1)
      await lives.change(id, 'resubmit', { title: `In other words ${sent}` });
    await lives.decide(id, 'first', 'approve');
    return id;
  },
};
