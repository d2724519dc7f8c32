import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { budgetEnforcementWorkflowId } from '../../workflows/contracts/budget-enforcement.ts';
import { until } from '../support/api-caller.ts';
import { DAY, HOUR } from './support/durations.ts';
import { FundedTeam } from './support/funded-team.ts';
import { SkippingWorld } from './support/skipping-world.ts';

let world: SkippingWorld;
let admin: Client;

beforeAll(async () => {
  world = await SkippingWorld.start();
  admin = new Client({ connectionString: world.databaseAdminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await world?.stop();
});

async function workflowOf(team: string) {
  const { rows } = await admin.query<{ id: string }>(
    `select p.id from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id join countersign.teams t on t.id = b.team_id
     where t.alias = $1 order by p.starts_at limit 1`,
    [team],
  );
  return world.product.core.temporal.client.workflow.getHandle(budgetEnforcementWorkflowId(rows[0]!.id));
}

async function statusOf(team: string): Promise<string> {
  return (await (await workflowOf(team)).describe()).status.name;
}

/** Actions on the team's budgets, by the enforcement. */
async function steps(team: string): Promise<string[]> {
  const { rows } = await admin.query<{ step: string }>(
    `select concat_ws(' ', e.action, e.leaf::jsonb #>> '{detail,kind}', e.leaf::jsonb #>> '{detail,because}') as step
     from countersign.audit_entries e join countersign.budgets b on b.id::text = e.resource_id join countersign.teams t on t.id = b.team_id
     where t.alias = $1 and e.actor_type = 'workflow' order by e.at, e.id`,
    [team],
  );
  return rows.map(({ step }) => step);
}

/** How many events of the team's budgets are not brought yet. */
async function eventsOf(team: string): Promise<number> {
  const { rowCount } = await admin.query(
    `select from countersign.outbox o join countersign.budgets b on b.id::text = o.reference ->> 'budget' join countersign.teams t on t.id = b.team_id
     where o.channel = 'budget' and t.alias = $1`,
    [team],
  );
  return rowCount ?? 0;
}

async function refusedAt(team: string): Promise<Date | null> {
  const { rows } = await admin.query<{ refused_at: Date | null }>(
    `select p.refused_at from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id join countersign.teams t on t.id = b.team_id where t.alias = $1`,
    [team],
  );
  return rows[0]!.refused_at;
}

/** Past the end of every daily budget of today. */
async function nextDay(): Promise<void> {
  await world.pass(DAY);
}

describe('the saga of a budget’s period', () => {
  test('asks, raises the limit where it is approved, and ends with the period', async () => {
    const team = await FundedTeam.make(world.api, 'approved');
    await team.spend('100', world.now());
    await team.becomes('awaiting_approval');
    await team.decide(await team.request('pending'), 'approve');
    await until(async () => (await team.read())['limit'].value === '120.00', 'the limit is raised');
    expect(await team.reserve('20')).toBe(201);
    expect(await statusOf('approved')).toBe('RUNNING');
    await nextDay();
    await until(async () => (await statusOf('approved')) === 'COMPLETED', 'the workflow ends');
    expect(await steps('approved')).toEqual(['budget.alerted', 'budget.increase_requested', 'budget.increased']);
    expect(await team.reserve('100')).toBe(201);
    expect(await team.read()).toMatchObject({ limit: { value: '100.00' }, state: 'open' });
  }, 90_000);

  test('leaves the limit where it is rejected, and asks nobody again in this period', async () => {
    const team = await FundedTeam.make(world.api, 'rejected');
    await team.spend('100', world.now());
    await team.decide(await team.request('pending'), 'reject');
    await team.becomes('exceeded');
    await team.spend('5', world.now());
    expect(await team.reserve('1')).toBe(402);
    await world.pass(HOUR);
    expect(await team.requests()).toHaveLength(1);
    expect(await steps('rejected')).toEqual([
      'budget.alerted',
      'budget.increase_requested',
      'budget.increase_declined',
    ]);
  }, 90_000);

  test('asks nobody again for what is refused while half of an increase is left', async () => {
    const team = await FundedTeam.make(world.api, 'sated', { period: 'monthly' });
    await team.spend('10', world.now());
    expect(await team.reserve('1000000')).toBe(402);
    await team.decide(await team.request('pending'), 'approve');
    await until(async () => (await team.read())['limit'].value === '120.00', 'the limit is raised');
    expect(await team.reserve('1000000')).toBe(402);
    expect(await refusedAt('sated')).not.toBeNull();
    await world.pass(HOUR);
    // Looked at, and not answered by a request.
    await until(async () => (await refusedAt('sated')) === null, 'the refusal is forgotten');
    expect(await team.requests()).toHaveLength(1);
    await team.spend('100.01', world.now());
    expect(await team.reserve('1000000')).toBe(402);
    await team.request('pending');
    expect(await team.requests()).toHaveLength(2);
  }, 90_000);

  test('restores at the end of the period what nobody has lifted', async () => {
    const suspended = await FundedTeam.make(world.api, 'closing', { exceeded_action: 'suspend' });
    const asking = await FundedTeam.make(world.api, 'waiting');
    for (const team of [suspended, asking]) await team.spend('100', world.now());
    await until(async () => (await steps('closing')).length === 2, 'it is suspended');
    await asking.request('pending');
    await nextDay();
    for (const team of ['closing', 'waiting'])
      await until(async () => (await statusOf(team)) === 'COMPLETED', `the workflow of ${team} ends`);
    expect(await steps('closing')).toEqual([
      'budget.alerted',
      'budget.measure_taken suspended',
      'budget.measure_lifted suspended period-over',
    ]);
    expect((await steps('waiting')).at(-1)).toMatch(
      /^budget\.(measure_lifted awaiting_approval period-over|increase_declined)$/,
    );
    expect(['expired', 'withdrawn']).toContain((await asking.requests())[0]!['state']);
    for (const team of [suspended, asking]) expect(await team.reserve('50')).toBe(201);
  }, 90_000);

  test('tells of what was crossed at the last moment after the period has ended, and takes no measure', async () => {
    await world.product.stopWorker();
    const warned = await FundedTeam.make(world.api, 'late-warned', { exceeded_action: 'notify' });
    const used = await FundedTeam.make(world.api, 'late-used');
    await warned.spend('85', world.now());
    await used.spend('100', world.now());
    await nextDay();
    await world.product.startWorker();
    for (const [team, subject] of [
      ['late-warned', 'Budget warning: main (Team late-warned)'],
      ['late-used', 'Budget used up: main (Team late-used)'],
    ] as const) {
      const mail = await until(async () => {
        const mails = await world.mailbox.messages({ to: `${team}-boss@example.test` });
        return mails.find((sent) => sent.subject === subject);
      }, `a mail to the admin of ${team}`);
      expect(mail.text).toContain('This period is over by now.');
      await until(async () => (await statusOf(team)) === 'COMPLETED', `the workflow of ${team} ends`);
      expect(await steps(team)).toEqual(['budget.alerted']);
    }
    expect(await used.requests()).toEqual([]);
    expect(await used.reserve('100')).toBe(201);
  }, 90_000);

  test('restores what was where it is cancelled, and starts anew with the next event', async () => {
    const team = await FundedTeam.make(world.api, 'cancelled');
    await team.spend('100', world.now());
    await team.becomes('awaiting_approval');
    await (await workflowOf('cancelled')).cancel();
    await until(async () => (await statusOf('cancelled')) === 'CANCELLED', 'the workflow is cancelled');
    await team.request('withdrawn');
    await until(async () => (await eventsOf('cancelled')) === 0, 'every event is brought');
    // Its own withdrawal does not start it anew.
    expect(await statusOf('cancelled')).toBe('CANCELLED');
    expect(await team.read()).toMatchObject({ state: 'exceeded', limit: { value: '100.00' } });
    expect((await steps('cancelled')).at(-1)).toBe('budget.measure_lifted awaiting_approval cancelled');
    expect(await team.reserve('1')).toBe(402);
    await team.becomes('awaiting_approval');
    expect(await team.requests()).toHaveLength(2);
  }, 90_000);

  test('counts the limit again when an override ends, and asks then', async () => {
    const team = await FundedTeam.make(world.api, 'lent');
    await team.spend('90', world.now());
    await until(async () => (await steps('lent')).length === 1, 'the warning is told');
    await world.api.need('POST', '/api/v1/teams/lent/budgets/main/overrides', {
      amount: { value: '50', currency: 'USD' },
      reason: 'A test',
      until: new Date(world.now().getTime() + 60_000).toISOString(),
    });
    await team.spend('20', world.now());
    expect(await team.read()).toMatchObject({ state: 'open' });
    await world.pass(2 * 60_000);
    await team.becomes('awaiting_approval');
  }, 90_000);

  test('changes nothing for events that come twice, late or out of order', async () => {
    const team = await FundedTeam.make(world.api, 'shuffled');
    await team.spend('100', world.now());
    await team.request('pending');
    const before = await steps('shuffled');
    const handle = await workflowOf('shuffled');
    const told = await admin.query<{ id: string }>(
      `select a.id from countersign.budget_alerts a join countersign.budgets b on b.id = a.budget_id join countersign.teams t on t.id = b.team_id where t.alias = 'shuffled'`,
    );
    for (const event of [
      { id: told.rows[0]!.id, type: 'limit-reached' },
      { id: '00000000-0000-4000-8000-000000000001', type: 'warning-crossed' },
      { id: '00000000-0000-4000-8000-000000000002', type: 'increase-closed' },
      { id: '00000000-0000-4000-8000-000000000003', type: 'first-refusal' },
      { id: '00000000-0000-4000-8000-000000000004', type: 'terms-changed' },
    ])
      await handle.signal('budgetEvent', event);
    await team.decide(await team.request('pending'), 'approve');
    await until(async () => (await team.read())['limit'].value === '120.00', 'the limit is raised');
    expect(await steps('shuffled')).toEqual([...before, 'budget.increased']);
    expect(await team.requests()).toHaveLength(1);
  }, 90_000);
});
