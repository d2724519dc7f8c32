import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import proto from '@temporalio/proto';
import { EncryptingCodec } from '../../src/platform/temporal/payload-codec.ts';
import { approvalWorkflowId } from '../../workflows/contracts/approvals.ts';
import { encodingOf, historyOf, payloadsIn } from './support/history.ts';
import { RealWorld } from './support/real-world.ts';

/** What somebody wrote, is called, or chose as an id: none of it is Temporal's business. */
const PERSONAL = [
  'Jane Q. Sample',
  'jane.sample@example.test',
  'jane.sample',
  'Cancer screening trip',
  'Because of my illness',
  'Dr. Secret',
  'dr.secret@guests.test',
  'Send the report first',
];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CODE = /^[a-z]+([-_][a-z]+)*$/;

let world: RealWorld;
let approval: string;

beforeAll(async () => {
  world = await RealWorld.start();
  await world.product.startWorker();
  await world.api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  await world.api.person('research', 'jane.sample', ['member'], {
    name: 'Jane Q. Sample',
    email: 'jane.sample@example.test',
  });
  const keys = {
    first: await world.api.person('research', 'dr.first', ['member']),
    second: await world.api.person('research', 'dr.second', ['member']),
  };
  const stage = { approvers: [{ user_id: 'dr.first' }, { email: 'dr.secret@guests.test' }], timeout: 'P3D' };
  ({ id: approval } = await world.api.ask({
    team_id: 'research',
    requester_id: 'jane.sample',
    title: 'Cancer screening trip',
    description: 'Because of my illness',
    context: { doctor: 'Dr. Secret' },
    chain: { stages: [stage] },
  }));
  await world.api.decide(approval, keys.first, 'request_changes', { comment: 'Send the report first' });
  await world.api.need('POST', `/api/v1/approvals/${approval}/resubmit`, {
    description: 'Because of my illness, really',
  });
  await world.api.need('POST', `/api/v1/approvals/${approval}/reassign`, {
    from_user_id: 'dr.first',
    to_user_id: 'dr.second',
  });
  await world.api.need('POST', `/api/v1/approvals/${approval}/remind`, {});
  await world.api.decide(approval, keys.second, 'reject', { comment: 'Send the report first' });
});

afterAll(() => world?.stop());

describe('what Temporal keeps of a request', () => {
  test('is encrypted, all but the SDK’s own notes on local activities', async () => {
    const payloads = payloadsIn(await historyOf(world.product.core, approval));
    expect(payloads.length).toBeGreaterThan(15);
    for (const { path, payload } of payloads) {
      if (path.endsWith('markerRecordedEventAttributes.details.data.payloads.0')) {
        const note = JSON.parse(Buffer.from(payload.data ?? []).toString());
        expect(Object.keys(note).toSorted()).toEqual([
          'activity_id',
          'activity_type',
          'attempt',
          'backoff',
          'complete_time',
          'original_schedule_time',
          'seq',
        ]);
      } else {
        expect({ path, encoding: encodingOf(payload) }).toEqual({ path, encoding: 'binary/encrypted' });
      }
    }
  });

  test('holds opaque ids, codes and numbers only, once decrypted', async () => {
    const codec = new EncryptingCodec(world.product.core.master.payloads);
    const encrypted = payloadsIn(await historyOf(world.product.core, approval)).filter(
      ({ payload }) => encodingOf(payload) === 'binary/encrypted',
    );
    const decoded = await codec.decode(encrypted.map(({ payload }) => payload));
    const texts = decoded.flatMap((payload) =>
      payload.data?.length ? textsIn(JSON.parse(Buffer.from(payload.data).toString())) : [],
    );
    expect(texts.length).toBeGreaterThan(50);
    // The moments that have fired are remembered as `kind/revision/stage/moment`.
    expect(
      texts.filter(
        (text) =>
          !UUID.test(text) && !CODE.test(text) && !/^(deadline|remind|expire)\/\d+\/(\d+|null)\/\d+$/.test(text),
      ),
    ).toEqual([]);
  });

  test('is found under an opaque id, without search attributes, memo, summaries or headers', async () => {
    const { events } = await historyOf(world.product.core, approval);
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    expect(approvalWorkflowId(approval)).toMatch(/^approval-[0-9a-f-]{36}$/);
    expect(started?.workflowId).toBe(approvalWorkflowId(approval));
    expect(Object.keys(started?.searchAttributes?.indexedFields ?? {})).toEqual([]);
    expect(Object.keys(started?.memo?.fields ?? {})).toEqual([]);
    expect((events ?? []).filter((event) => event.userMetadata)).toEqual([]);
  });

  test('has nothing personal anywhere in its bytes', async () => {
    const bytes = Buffer.from(
      proto.temporal.api.history.v1.History.encode(await historyOf(world.product.core, approval)).finish(),
    );
    for (const text of PERSONAL) {
      expect({ text, at: bytes.indexOf(text) }).toEqual({ text, at: -1 });
      expect({ text, at: bytes.indexOf(Buffer.from(text).toString('base64')) }).toEqual({ text, at: -1 });
    }
  });
});

/** Every text in a value, the names of members included. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  const names = Array.isArray(value)
    ? []
    : Object.keys(value).map((name) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  return [...names, ...Object.values(value).flatMap(textsIn)];
}
