import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { Receiver, type ReceivedRequest } from '../../notify/support/receiver.ts';
import { House, stage } from './support/house.ts';

interface Event {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly approval: Record<string, unknown> & { id: string }; readonly stage?: number };
}

let house: House;
let receiver: Receiver;
let everything: Webhook;

beforeAll(async () => {
  house = await House.open({ a: ['member'], b: ['member'] });
  receiver = new Receiver();
  await receiver.start();
  everything = new Webhook(
    (await house.api.need('POST', '/api/v1/webhooks', { url: receiver.url, events: ['*'] })).secret,
  );
});

afterAll(async () => {
  await house?.close();
  await receiver?.stop();
});

/** Checks the signature as a receiver would, and reads the event. */
function opened({ body, headers }: ReceivedRequest): Event {
  const signed = {
    'webhook-id': String(headers['webhook-id']),
    'webhook-timestamp': String(headers['webhook-timestamp']),
    'webhook-signature': String(headers['webhook-signature']),
  };
  return everything.verify(body, signed) as Event;
}

/** Waits for the events about a request, up to one of this type. */
async function eventsOf(approval: string, last: string): Promise<Event[]> {
  const own = () => receiver.received.items.map(opened).filter((event) => event.data.approval.id === approval);
  await receiver.received.until(() => own().some((event) => event.type === last));
  return own().toSorted((x, y) => (x.timestamp < y.timestamp ? -1 : 1));
}

describe('a service that asks learns', () => {
  test('the outcome, and what leads to it, signed', async () => {
    const { id } = await house.ask([stage(['a']), stage(['b'])], {
      title: 'A chair',
      amount: { value: '90', currency: 'USD' },
    });
    await house.decide(id, 'a');
    await house.decide(id, 'b', 'reject', { comment: 'No money' });
    await receiver.received.until(
      (items) => items.map(opened).filter((event) => event.data.approval.id === id).length === 4,
    );
    const events = await eventsOf(id, 'approval.decided');
    expect(events.map(({ type }) => type).toSorted()).toEqual([
      'approval.created',
      'approval.decided',
      'approval.stage_opened',
      'approval.stage_opened',
    ]);
    expect(
      events
        .filter(({ type }) => type === 'approval.stage_opened')
        .map(({ data }) => data.stage)
        .toSorted(),
    ).toEqual([0, 1]);
    const decided = events.find(({ type }) => type === 'approval.decided');
    expect(decided?.data.approval).toMatchObject({
      id,
      state: 'rejected',
      revision: 1,
      team_id: 'research',
      kind: 'spend',
      title: 'A chair',
      requester_id: 'asker',
      amount: { value: '90.00', currency: 'USD' },
    });
    expect(decided?.data.approval['outcome_reason']).toContain('Rejected by an approver of stage 2.');
    expect(decided?.data.approval['decided_at']).not.toBeNull();
  });

  test('what happens on the way: escalation, reminder, reassignment, changes, a new revision, a late decision, expiry', async () => {
    const first = await house.ask(
      [stage(['a'], { timeout: 'PT1S', on_timeout: 'escalate', escalate_to: [{ user_id: 'b' }] })],
      { expires_in: 'PT2S' },
    );
    const second = await house.ask([stage(['a'])]);
    await house.change(second.id, 'remind');
    await house.change(second.id, 'reassign', { from_user_id: 'a', to_user_id: 'b' });
    await house.decide(second.id, 'b', 'request_changes');
    await house.change(second.id, 'resubmit', { context: { more: true } });
    await house.change(second.id, 'withdraw');
    await house.decide(second.id, 'a');
    await eventsOf(first.id, 'approval.escalated');
    await eventsOf(first.id, 'approval.decided');
    for (const type of [
      'approval.reminded',
      'approval.reassigned',
      'approval.changes_requested',
      'approval.resubmitted',
      'approval.decided',
      'approval.late_decision',
    ])
      await eventsOf(second.id, type);
    const ended = (await eventsOf(second.id, 'approval.decided')).find(({ type }) => type === 'approval.decided');
    expect(ended?.data.approval).toMatchObject({ state: 'withdrawn', revision: 2 });
    expect(
      (await eventsOf(first.id, 'approval.decided')).find(({ type }) => type === 'approval.decided')?.data.approval,
    ).toMatchObject({ state: 'expired' });
  });

  test('only what it asked for', async () => {
    const few = new Receiver();
    await few.start();
    try {
      const { secret } = await house.api.need('POST', '/api/v1/webhooks', {
        url: few.url,
        events: ['approval.decided'],
      });
      const { id } = await house.ask([stage(['a'])]);
      await house.decide(id, 'a');
      await few.received.count(1);
      await eventsOf(id, 'approval.decided');
      expect(few.received.items).toHaveLength(1);
      const [request] = few.received.items;
      const headers = {
        'webhook-id': String(request?.headers['webhook-id']),
        'webhook-timestamp': String(request?.headers['webhook-timestamp']),
        'webhook-signature': String(request?.headers['webhook-signature']),
      };
      expect(new Webhook(secret).verify(request?.body ?? '', headers)).toMatchObject({
        type: 'approval.decided',
        data: { approval: { id, state: 'approved' } },
      });
      expect(() => everything.verify(request?.body ?? '', headers)).toThrow();
      expect(() => new Webhook(secret).verify(`${request?.body} `, headers)).toThrow();
    } finally {
      await few.stop();
    }
  });
});
