import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { ApiAnswer } from '../support/api-caller.ts';
import { FundedTeam } from '../workflows/support/funded-team.ts';
import { Purse, usd } from './support/purse.ts';

let purse: Purse;
let admin: Client;
let gateway: string;

beforeAll(async () => {
  purse = await Purse.open({ worker: true });
  admin = new Client({ connectionString: purse.system.databaseAdminUrl });
  await admin.connect();
  ({ key: gateway } = await purse.api.need('POST', '/api/v1/api-keys', { service_name: 'gateway' }));
});

afterAll(async () => {
  await admin?.end();
  await purse?.close();
});

/** A team whose budget is used up, and the request for more that its admin is asked. */
async function asking(id: string): Promise<{ team: FundedTeam; request: ApiAnswer['body'] }> {
  const team = await FundedTeam.make(purse.api, id, { period: 'monthly' });
  await team.spend('100', purse.system.core.clock.now());
  return { team, request: await team.request('pending') };
}

function change(request: ApiAnswer['body'], how: string, body: unknown, key: string): Promise<ApiAnswer> {
  return purse.api.call('POST', `/api/v1/approvals/${request.id}/${how}`, body, key);
}

const NEVER_ASKED = { stages: [{ approvers: [{ role: 'owner' }], when: { amount_at_least: '999999999' } }] };
const BY_SILENCE = { stages: [{ approvers: [{ role: 'admin' }], timeout: 'PT1S', on_timeout: 'approve' }] };

describe('a request for more that Countersign makes itself', () => {
  test('is neither changed, handed over nor taken back by a service', async () => {
    const { team, request } = await asking('served');
    await purse.api.person('served', 'served-friend', ['vp']);
    const before = await purse.api.read(request.id);
    for (const [how, body] of [
      ['resubmit', { chain: NEVER_ASKED }],
      ['resubmit', { chain: BY_SILENCE }],
      ['resubmit', { amount: usd('0.01') }],
      ['resubmit', { title: 'Nothing to see here' }],
      ['reassign', { from_user_id: 'served-boss', to_user_id: 'served-friend' }],
      ['withdraw', {}],
    ] as const)
      expect(await change(request, how, body, gateway)).toMatchObject({
        status: 403,
        body: { type: '/problems/forbidden', detail: expect.stringContaining('only people may do this') },
      });
    expect(await purse.api.read(request.id)).toEqual(before);
    expect(await team.read()).toMatchObject({ limit: usd('100.00'), state: 'awaiting_approval' });
  });

  test('keeps its amount, context and chain, whoever asks for something else', async () => {
    const { team, request } = await asking('fixed');
    const body = { title: 'More', amount: usd('1'), context: { why: 'so' }, chain: NEVER_ASKED };
    expect(await change(request, 'resubmit', body, team.boss)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'amount' }, { path: 'context' }, { path: 'chain' }] },
    });
    expect(await purse.api.read(request.id)).toMatchObject({ revision: 1, state: 'pending', amount: usd('20.00') });
  });

  test('that was sent back goes on where an admin has found better words, and raises the limit once it is approved', async () => {
    const { team, request } = await asking('worded');
    const reader = await purse.api.person('worded', 'worded-second', ['admin']);
    await purse.api.decide(request.id, team.boss, 'request_changes', { comment: 'What for?' });
    expect(
      await change(request, 'resubmit', { description: 'For the evaluation that ends on Friday.' }, reader),
    ).toMatchObject({ status: 200, body: { state: 'pending', revision: 1, amount: usd('20.00') } });
    await team.decide(request, 'approve');
    await purse.system.until(
      async () => (await team.read())['limit'].value === '120.00',
      'the limit is raised',
      30_000,
    );
  });

  test('is handed over and withdrawn by people who administer its team', async () => {
    const { team, request } = await asking('handed');
    await purse.api.person('handed', 'handed-vp', ['vp']);
    const handed = await change(
      request,
      'reassign',
      { from_user_id: 'handed-boss', to_user_id: 'handed-vp' },
      team.boss,
    );
    expect(handed.body.stages[0].approvers).toMatchObject([{ user_id: 'handed-vp' }]);
    expect(await change(request, 'withdraw', { reason: 'Not now' }, team.boss)).toMatchObject({
      status: 200,
      body: { state: 'withdrawn' },
    });
    await team.becomes('exceeded');
  });

  test.each([
    ['because nobody was asked', 'skipped'],
    ['by silence', 'approved'],
  ])('raises no limit where it came to be approved %s', async (_how, stage) => {
    const { team, request } = await asking(`unasked-${stage}`);
    await team.becomes('awaiting_approval');
    // No caller can bring this about; whatever does raises nothing either.
    await admin.query('update countersign.approval_stages set state = $2 where approval_id = $1', [request.id, stage]);
    await admin.query(
      `with closed as (
         update countersign.approvals set state = 'approved', outcome = '{"code": "stages-approved", "stages": 1, "byTimeout": [0]}', decided_at = now() where id = $1
         returning organization_id, on_closed
       )
       insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
       select gen_random_uuid(), organization_id, on_closed ->> 'channel', on_closed -> 'reference', now(), now() from closed`,
      [request.id],
    );
    await team.becomes('exceeded');
    expect(await team.read()).toMatchObject({ limit: usd('100.00') });
    const { items } = await purse.api.need('GET', `/api/v1/audit/entries?team_id=${team.id}&limit=200`);
    const actions = items.map(({ action }: { action: string }) => action);
    expect(actions).toContain('budget.increase_declined');
    expect(actions).not.toContain('budget.increased');
  });
});
