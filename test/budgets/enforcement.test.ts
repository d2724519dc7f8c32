import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { ApiAnswer } from '../support/api-caller.ts';
import { alertsOf } from './support/alerts.ts';
import { Purse, usd } from './support/purse.ts';
import { settled } from './support/settled.ts';

let purse: Purse;
let admin: Client;

beforeAll(async () => {
  purse = await Purse.open({ worker: true });
  admin = new Client({ connectionString: purse.system.databaseAdminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await purse?.close();
});

type Json = ApiAnswer['body'];

/** A team with an admin and a budget `main` of 100, and the keys of both people. */
async function funded(id: string, more: Record<string, unknown> = {}): Promise<{ boss: string; team: string }> {
  await purse.team(id);
  const boss = await purse.api.person(id, `${id}-boss`, ['admin']);
  await purse.budget(id, 'main', '100', more);
  return { boss, team: id };
}

function until<Value>(look: () => Promise<Value | null | undefined | false>, what: string): Promise<Value> {
  return purse.system.until(look, what, 30_000);
}

async function becomes(team: string | null, state: string, name = 'main'): Promise<Json> {
  return until(async () => {
    const budget = await purse.read(team, name);
    return budget.state === state && budget;
  }, `the budget of ${team} is ${state}`);
}

function spend(team: string, cost: string): Promise<Json> {
  return purse.spend(`${team}-${Math.random()}`, cost, { team_id: team, user_id: `${team}-user` });
}

function reserve(team: string, amount: string, more: Record<string, unknown> = {}): Promise<ApiAnswer> {
  return purse.reserve(amount, { team_id: team, user_id: `${team}-user`, ...more });
}

async function requestsOf(team: string): Promise<Json[]> {
  const { items } = await purse.api.need('GET', `/api/v1/approvals?team_id=${team}&requester_id=countersign`);
  return items;
}

function requestOf(team: string): Promise<Json> {
  return until(async () => (await requestsOf(team))[0], `an increase is asked for in ${team}`);
}

function decide(approval: Json, key: string, decision: string): Promise<Json> {
  return purse.api.need('POST', `/api/v1/approvals/${approval.id}/decisions`, { decision }, key);
}

async function audited(team: string): Promise<string[]> {
  const { rows } = await admin.query<{ action: string }>(
    `select e.action from countersign.audit_entries e join countersign.budgets b on b.id::text = e.resource_id join countersign.teams t on t.id = b.team_id
     where t.alias = $1 order by e.at, e.id`,
    [team],
  );
  return rows.map(({ action }) => action);
}

describe('a budget that is used up under `require_approval`', () => {
  test('tells by mail, asks its people, and goes on with more once they agree', async () => {
    const { boss, team } = await funded('asking');
    await purse.api.person(team, 'asking-fin', ['finance']);
    await purse.api.need('PUT', `/api/v1/teams/${team}/billing/settings`, {
      reporting: { recipients: ['Books@example.test', 'asking-fin@example.test'] },
    });
    await spend(team, '100');

    const request = await requestOf(team);
    expect(request).toMatchObject({
      state: 'pending',
      kind: 'spend',
      requester_id: 'countersign',
      team_id: team,
      amount: usd('20.00'),
      title: 'Increase of the budget “main”',
      description: expect.stringMatching(/^The budget is used up: 100\.00 USD of 100\.00 USD are spent\. Approved, /),
      stages: [{ state: 'open', approvers: [{ user_id: 'asking-boss' }] }],
    });
    await becomes(team, 'awaiting_approval');
    expect((await reserve(team, '1')).status).toBe(402);
    for (const reader of ['asking-boss@example.test', 'asking-fin@example.test', 'Books@example.test']) {
      const mails = await until(async () => {
        const found = (await purse.system.mails(reader)).filter(({ subject }) => subject.startsWith('Budget'));
        return found.length > 0 && found;
      }, `a mail to ${reader}`);
      expect(mails.map(({ subject }) => subject)).toEqual(['Budget used up: main (Team asking)']);
      for (const form of [mails[0]!.text, mails[0]!.html])
        expect(form).toContain('The budget “main” is used up: 100.00 USD of 100.00 USD, 100 %.');
    }
    expect(await alertsOf(purse.system.core, team)).toMatchObject([
      { type: 'budget_exceeded', budget: 'main', threshold: 100, current_value: 100 },
    ]);

    expect(await decide(request, boss, 'approve')).toMatchObject({ state: 'approved' });
    await until(async () => (await purse.read(team, 'main')).limit.value === '120.00', 'the limit is raised');
    expect(await purse.read(team, 'main')).toMatchObject({ amount: usd('100.00'), state: 'warning' });
    expect((await reserve(team, '20')).status).toBe(201);
    expect(await audited(team)).toEqual(
      expect.arrayContaining(['budget.alerted', 'budget.increase_requested', 'budget.increased']),
    );
  });

  test('asks again where what was approved is used up, and not where it was rejected', async () => {
    const { boss, team } = await funded('again');
    await spend(team, '100');
    await decide(await requestOf(team), boss, 'approve');
    await until(async () => (await purse.read(team, 'main')).limit.value === '120.00', 'the limit is raised');
    await spend(team, '20');
    const second = await until(
      async () => (await requestsOf(team)).find(({ state }) => state === 'pending'),
      'a second increase is asked for',
    );
    await decide(second, boss, 'reject');
    await becomes(team, 'exceeded');
    expect((await reserve(team, '1')).status).toBe(402);
    await purse.api.need('POST', `/api/v1/teams/${team}/budgets/main/overrides`, {
      amount: usd('1'),
      reason: 'A test',
    });
    await spend(team, '1');
    await until(async () => (await alertsOf(purse.system.core, team)).length === 3, 'the third crossing is told');
    await settled(purse.system, admin, team);
    expect((await requestsOf(team)).map(({ state }) => state)).toEqual(['rejected', 'approved']);
  });

  test('asks nobody again for a call too large for what was approved, while half of that is left', async () => {
    const { boss, team } = await funded('large');
    await spend(team, '100');
    await decide(await requestOf(team), boss, 'approve');
    await until(async () => (await purse.read(team, 'main')).limit.value === '120.00', 'the limit is raised');
    await spend(team, '5');
    expect((await reserve(team, '50')).status).toBe(402);
    await settled(purse.system, admin, team);
    expect((await requestsOf(team)).map(({ state }) => state)).toEqual(['approved']);

    expect((await reserve(team, '6')).status).toBe(201);
    expect((await reserve(team, '50')).status).toBe(402);
    await until(
      async () => (await requestsOf(team)).some(({ state }) => state === 'pending'),
      'a second increase is asked for once little is left',
    );
  });

  test('asks at the first reservation that is refused, while what fits goes on', async () => {
    const { team } = await funded('refusing');
    await spend(team, '10');
    expect((await reserve(team, '91')).status).toBe(402);
    const { description } = await requestOf(team);
    expect(description).toMatch(
      /^A reservation of 91\.00 USD did not fit into the budget: 90\.00 USD of 100\.00 USD were left when this was asked\. Approved, the limit is 120\.00 USD instead until /,
    );
    await until(
      async () =>
        (await purse.system.mails('refusing-boss@example.test')).some(({ text }) => text.includes(description)),
      'the mail says so',
    );
    await becomes(team, 'awaiting_approval');
    expect((await reserve(team, '90')).status).toBe(201);
    await settled(purse.system, admin, team);
    expect(await requestsOf(team)).toHaveLength(1);
    expect(await alertsOf(purse.system.core, team)).toEqual([]);
  });

  test('takes back what it has asked where the budget counts another kind of period', async () => {
    const { team } = await funded('shifting');
    await spend(team, '100');
    await requestOf(team);
    await becomes(team, 'awaiting_approval');
    await purse.budget(team, 'main', '500', { period: 'quarterly' });
    await until(async () => (await requestsOf(team))[0].state === 'withdrawn', 'the request is withdrawn');
    expect(await purse.read(team, 'main')).toMatchObject({ limit: usd('500.00'), state: 'open' });
  });

  test('never asks the person whose spending it counts', async () => {
    const { team } = await funded('scoped');
    await purse.api.person(team, 'scoped-second', ['admin']);
    await purse.budget(team, 'main', '100', { scope: { user_id: 'scoped-boss' } });
    await purse.spend('scoped-1', '100', { team_id: team, user_id: 'scoped-boss' });
    const request = await requestOf(team);
    expect(request.stages[0].approvers).toMatchObject([{ user_id: 'scoped-second' }]);
    const { key } = await purse.api.need('POST', '/api/v1/api-keys', { user_id: 'scoped-boss' });
    expect(
      await purse.api.call('POST', `/api/v1/approvals/${request.id}/decisions`, { decision: 'approve' }, key),
    ).toMatchObject({ status: 403, body: { type: '/problems/separation-of-duties' } });
  });

  test('asks the hierarchy, its lowest role where the amount is below all thresholds', async () => {
    const { team } = await funded('tiered');
    await purse.api.person(team, 'tiered-vp', ['vp']);
    await purse.api.person(team, 'tiered-lead', ['manager']);
    await purse.api.need('PUT', `/api/v1/teams/${team}/billing/settings`, {
      approval_hierarchy: [
        { role: 'vp', threshold: 1000 },
        { role: 'manager', threshold: 500 },
      ],
    });
    await spend(team, '100');
    expect((await requestOf(team)).stages).toMatchObject([{ approvers: [{ user_id: 'tiered-lead' }] }]);
  });

  test('is not raised where there is nobody to ask, and says so', async () => {
    await purse.team('orphaned');
    await purse.budget('orphaned', 'main', '100');
    await spend('orphaned', '100');
    await until(async () => (await alertsOf(purse.system.core, 'orphaned')).length === 2, 'both alerts');
    await settled(purse.system, admin, 'orphaned');
    expect((await alertsOf(purse.system.core, 'orphaned')).map(({ type }) => type).toSorted()).toEqual([
      'budget_exceeded',
      'budget_increase_impossible',
    ]);
    expect(await requestsOf('orphaned')).toEqual([]);
    expect(await purse.read('orphaned', 'main')).toMatchObject({ state: 'exceeded', limit: usd('100.00') });
  });

  test.each<[string, (team: string) => Promise<unknown>]>([
    ['a larger amount', (team) => purse.budget(team, 'main', '500')],
    [
      'an override',
      (team) =>
        purse.api.need('POST', `/api/v1/teams/${team}/budgets/main/overrides`, { amount: usd('50'), reason: 'A test' }),
    ],
    ['another setting', (team) => purse.budget(team, 'main', '100', { exceeded_action: 'notify' })],
    ['its end', (team) => purse.api.call('DELETE', `/api/v1/teams/${team}/budgets/main`)],
  ])('withdraws its request after %s', async (what, change) => {
    const { team } = await funded(what.replaceAll(' ', '-'));
    await spend(team, '100');
    await requestOf(team);
    await change(team);
    const withdrawn = await until(
      async () => (await requestsOf(team)).find(({ state }) => state === 'withdrawn'),
      'the request is withdrawn',
    );
    expect(withdrawn.outcome_reason).toMatch(/^Withdrawn before it was decided\. The budget/);
    expect(await audited(team)).toContain('budget.measure_lifted');
  });
});

describe('a budget that is used up under `suspend`', () => {
  test('refuses everything, also after a correction, until an override lifts it at once', async () => {
    const { team } = await funded('suspended', { exceeded_action: 'suspend' });
    await spend(team, '100');
    await until(async () => (await audited(team)).includes('budget.measure_taken'), 'it is suspended');
    expect(await purse.read(team, 'main')).toMatchObject({ state: 'suspended' });
    // As a corrected price would: the money is there again, and the suspension stays on record until somebody lifts it.
    await admin.query(
      `update countersign.budget_periods p set settled = 50 from countersign.budgets b join countersign.teams t on t.id = b.team_id where b.id = p.budget_id and t.alias = $1`,
      [team],
    );
    expect(await reserve(team, '1')).toMatchObject({ status: 402, body: { type: '/problems/budget-suspended' } });
    await purse.api.need('POST', `/api/v1/teams/${team}/budgets/main/overrides`, {
      amount: usd('1'),
      reason: 'A test',
    });
    expect((await reserve(team, '1')).status).toBe(201);
    expect(await purse.read(team, 'main')).toMatchObject({ state: 'open' });
    await until(async () => (await audited(team)).includes('budget.measure_lifted'), 'it is on record');
  });
});

describe('a budget that is used up under `restrict`', () => {
  test('lets only the named models go on, as far as the hard limit, until its action changes', async () => {
    const { team } = await funded('restricted');
    await purse.api.need('PUT', `/api/v1/teams/${team}/billing/settings`, {
      budget_alerts: { exceeded_action: 'restrict', restrict_to_models: ['cheap'], hard_limit_percent: 120 },
    });
    await spend(team, '100');
    await until(async () => (await audited(team)).includes('budget.measure_taken'), 'it is restricted');
    expect(await purse.read(team, 'main')).toMatchObject({ state: 'restricted' });
    const call = { provider: 'openai' };
    expect((await reserve(team, '1', { ...call, model: 'dear' })).status).toBe(402);
    expect((await reserve(team, '1', { ...call, model: 'cheaper-2026-01-31' })).status).toBe(402);
    expect((await reserve(team, '10', { ...call, model: 'cheap' })).status).toBe(201);
    expect((await reserve(team, '10', { ...call, model: 'cheap-2026-01-31' })).status).toBe(201);
    expect((await reserve(team, '1', { ...call, model: 'cheap' })).status).toBe(402);
    await purse.api.need('PUT', `/api/v1/teams/${team}/billing/settings`, {
      budget_alerts: { exceeded_action: 'notify' },
    });
    expect((await reserve(team, '1', { ...call, model: 'dear' })).status).toBe(201);
    await until(async () => (await audited(team)).includes('budget.measure_lifted'), 'it is on record');
    expect(await purse.read(team, 'main')).toMatchObject({ state: 'exceeded' });
  });
});

describe('a warning', () => {
  test('is told once, and before the end only', async () => {
    const { team } = await funded('warned', { exceeded_action: 'notify' });
    await spend(team, '82.3');
    await until(async () => (await alertsOf(purse.system.core, team)).length === 1, 'the warning');
    expect(await alertsOf(purse.system.core, team)).toMatchObject([
      { type: 'budget_warning', threshold: 80, current_value: 82.3 },
    ]);
    await spend(team, '1');
    await spend(team, '16.7');
    await until(async () => (await alertsOf(purse.system.core, team)).length === 2, 'the limit');
    await spend(team, '10');
    await settled(purse.system, admin, team);
    expect((await alertsOf(purse.system.core, team)).map(({ type }) => type)).toEqual([
      'budget_exceeded',
      'budget_warning',
    ]);
    expect(await purse.read(team, 'main')).toMatchObject({ state: 'exceeded' });
  });
});

describe('a budget of the whole organization', () => {
  test('asks and tells the organization’s own people', async () => {
    const boss = await purse.system.need('PUT', '/api/v1/organization/members/chief', {
      name: 'Chief',
      email: 'chief@example.test',
      roles: ['owner'],
    });
    expect(boss).toBeTruthy();
    const { key } = await purse.api.need('POST', '/api/v1/api-keys', { user_id: 'chief' });
    await purse.team('elsewhere');
    await purse.budget(null, 'robots', '30', { scope: { model: 'robot' } });
    await purse.spend('organization-1', '30', { team_id: 'elsewhere', user_id: 'elsewhere-user', model: 'robot' });
    const request = await until(async () => {
      const { items } = await purse.api.need('GET', '/api/v1/approvals?requester_id=countersign&state=pending');
      return items.find(({ title }: Json) => title.includes('robots'));
    }, 'an increase is asked for');
    expect(request).toMatchObject({
      team_id: null,
      amount: usd('6.00'),
      stages: [{ approvers: [{ user_id: 'chief' }] }],
    });
    await until(
      async () =>
        (await purse.system.mails('chief@example.test')).some(({ subject }) =>
          subject.includes('the whole organization'),
        ),
      'a mail to the owner',
    );
    await decide(request, key, 'approve');
    await until(async () => (await purse.read(null, 'robots')).limit.value === '36.00', 'the limit is raised');
    expect(await alertsOf(purse.system.core, null)).toMatchObject([{ type: 'budget_exceeded', budget: 'robots' }]);
    await purse.api.call('DELETE', '/api/v1/organization/budgets/robots');
  });
});

describe('the name `countersign`', () => {
  test('belongs to nobody else, and can neither ask nor hold money by itself', async () => {
    const { team } = await funded('named');
    await spend(team, '100');
    await requestOf(team);
    expect(
      await purse.api.call('PUT', `/api/v1/teams/${team}/members/countersign`, {
        name: 'Somebody',
        email: 'somebody@example.test',
        roles: ['owner'],
      }),
    ).toMatchObject({ status: 400 });
    expect(await purse.reserve('1', { team_id: team, user_id: 'countersign' })).toMatchObject({ status: 400 });
    expect(
      await purse.api.call('POST', '/api/v1/approvals', {
        team_id: team,
        kind: 'spend',
        title: 'In its name',
        requester_id: 'countersign',
        chain: { stages: [{ approvers: [{ user_id: 'named-boss' }] }] },
      }),
    ).toMatchObject({ status: 400 });
  });
});
