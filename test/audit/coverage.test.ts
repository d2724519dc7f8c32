import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Client } from 'pg';
import { createActivities } from '../../activities/index.ts';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { composeApi } from '../../src/composition.ts';
import { composeArchiving } from '../../src/composition/archiving.ts';
import { composeExportMaking } from '../../src/composition/audit.ts';
import { composeEnforcement } from '../../src/composition/enforcement.ts';
import { composeReports } from '../../src/composition/reports.ts';
import { Horizon } from '../../src/budgets/journal/horizon.ts';
import { MinuteDigests } from '../../src/budgets/journal/minute-digests.ts';
import { composeSealing } from '../../src/composition/sealing.ts';
import { Office } from '../pages-flow/support/office.ts';
import { CHANGES, DIGESTED, HARMLESS } from './support/changes.ts';
import { changingRoutes } from './support/registered-routes.ts';

interface Entry {
  readonly action: string;
  readonly actor_type: string;
  readonly actor_id: string | null;
  readonly outcome: string;
  readonly sealed: Buffer | null;
}

let office: Office;
let admin: Client;

beforeAll(async () => {
  office = await Office.open({ req: ['member'], mia: ['manager'], max: ['member'] });
  admin = new Client({ connectionString: office.system.databaseAdminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await office?.close();
});

async function entriesOf(request: string): Promise<Entry[]> {
  return (
    await admin.query<Entry>(
      `select action, actor_type, actor_id, outcome, sealed from countersign.audit_entries where leaf::jsonb ->> 'request_id' = $1 order by at, id`,
      [request],
    )
  ).rows;
}

async function actionsOn(resource: string): Promise<string[]> {
  return (
    await admin.query<{ action: string }>(
      'select action from countersign.audit_entries where resource_id = $1 order by at, id',
      [resource],
    )
  ).rows.map(({ action }) => action);
}

describe('every route that is not for reading', () => {
  test('is either known to change something, or known to change nothing', () => {
    const registered = changingRoutes(composeApi(office.system.core).app);
    expect(registered.length).toBeGreaterThan(25);
    expect([CHANGES, DIGESTED, HARMLESS].flatMap((routes) => Object.keys(routes)).toSorted()).toEqual(registered);
  });

  test.each(Object.keys(CHANGES))('%s writes who did it, and where from', async (route) => {
    const request = await CHANGES[route]!(office);
    const entries = await office.system.until(async () => {
      const found = await entriesOf(request);
      return found.length > 0 && found;
    }, `an entry of ${route}`);
    for (const { outcome, sealed } of entries)
      expect({ route, outcome, sealed: sealed !== null }).toEqual({ route, outcome: 'success', sealed: true });
  });

  test('that writes no entry of its own is told of by the digest of its minute', async () => {
    const { core } = office.system;
    const requests: string[] = [];
    for (const call of Object.values(DIGESTED)) requests.push(await call(office));
    const sealing = composeSealing(core);
    const digests = new MinuteDigests({ work: core.work, sealer: sealing.database });
    const horizon = new Horizon(sealing.database);
    const cut = await office.system.until(() => horizon.advance(), 'a cut');
    while (await digests.step(DEFAULT_ORGANIZATION, { last: cut.last, at: new Date(cut.at.getTime() + 60_000) }));
    await sealing.close();
    const { rows } = await admin.query<{ totals: string[] }>(
      `select array(select jsonb_array_elements_text(leaf::jsonb #> '{detail,totals}')) as totals from countersign.audit_entries where action = 'reservations.recorded'`,
    );
    const states = new Set(rows.flatMap(({ totals }) => totals.map((total) => total.split(' ')[0])));
    expect([...states].toSorted()).toEqual(['held', 'released', 'settled']);
    for (const request of requests) expect(await entriesOf(request)).toEqual([]);
  });

  test.each(Object.keys(HARMLESS))('%s writes nothing', async (route) => {
    expect(await entriesOf(await HARMLESS[route]!(office))).toEqual([]);
  });
});

describe('every activity', () => {
  const PROOFS: Readonly<Record<string, () => Promise<void>>> = {
    applyIntent: async () => {
      const asked = await office.ask([['mia']]);
      await office.system.need(
        'POST',
        `/api/v1/approvals/${asked.id}/decisions`,
        { decision: 'reject' },
        office.key('mia'),
      );
      expect(await actionsOn(asked.id)).toContain('approval.decide');
    },
    fireTimer: async () => {
      const asked = await office.ask([['mia']], { expires_in: 'PT1S' });
      await office.becomes(asked, 'expired');
      expect(await actionsOn(asked.id)).toContain('approval.timer_expire');
    },
    // It changes nothing but the proofs themselves.
    sealShard: async () => {
      await office.system.until(
        async () => (await admin.query('select from countersign.audit_pending')).rowCount === 0,
        'everything is sealed',
      );
      const { rows } = await admin.query(
        `select (select count(*) from countersign.audit_entries) = (select count(*) from countersign.audit_leaves) as all_of_it`,
      );
      expect(rows).toEqual([{ all_of_it: true }]);
    },
    makeExport: async () => {
      const { id } = await office.system.need('POST', '/api/v1/audit/exports', {
        from: '2026-01-01T00:00:00Z',
        to: new Date().toISOString(),
      });
      await office.system.until(
        async () => (await office.system.need('GET', `/api/v1/audit/exports/${id}`)).state === 'ready',
        'the bundle',
      );
      expect(await actionsOn(id)).toEqual(['audit.export_requested', 'audit.export_made']);
    },
    archiveDue: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'countersign-archive-'));
      const { core } = office.system;
      const sealing = composeSealing(core);
      const archives = composeArchiving(
        { ...core, config: { ...core.config, auditArchiveDir: folder } },
        sealing.database,
      );
      await admin.query('set role countersign_owner');
      await admin.query(
        `select countersign.make_audit_partition('audit_entries_2001_03', 'for values from (''2001-03-01T00:00:00Z'') to (''2001-04-01T00:00:00Z'')')`,
      );
      await admin.query('reset role');
      const origin = {
        organization: DEFAULT_ORGANIZATION,
        actor: { type: 'system' as const, id: null },
        requestId: null,
      };
      await core.work.write(
        origin,
        async (tx) => tx.record({ action: 'team.made', resource: { type: 'team', id: DEFAULT_ORGANIZATION } }),
        new Date('2001-03-04T05:06:07Z'),
      );
      await office.system.until(
        async () => (await admin.query(`select from countersign.audit_pending where at < '2002-01-01'`)).rowCount === 0,
        'it is sealed',
      );
      const activities = createActivities({
        approvals: core.approvals.execution,
        audit: { sealing: sealing.sealing, shards: 1 },
        exports: composeExportMaking(core, sealing.database),
        archiving: archives?.archiving ?? null,
        budgets: composeEnforcement(core),
        reports: composeReports(core).reporting,
        logger: core.logger,
      });
      expect(await new MockActivityEnvironment().run(() => activities.archiveDue())).toEqual({ months: ['2001-03'] });
      const { rows } = await admin.query<{ id: string }>('select id from countersign.audit_archives');
      expect(await actionsOn(rows[0]!.id)).toEqual(['audit.archived']);
      await sealing.close();
      await rm(folder, { recursive: true, force: true });
    },
    // It reads, also where an override has ended: that is the keeper's to count out. All that it forgets is when something was
    // refused, once an increase has answered that.
    lookAtBudget: async () => {
      const { system, team } = office;
      const [amount, until] = [{ value: '5', currency: 'USD' }, new Date(Date.now() + 3_600_000)];
      const path = `/api/v1/teams/${team}/budgets/looked`;
      await system.need('PUT', path, { amount, period: 'monthly', scope: { model: 'looked' } });
      await system.need('POST', `${path}/overrides`, { amount, until: until.toISOString(), reason: 'A test' });
      const budget = await budgetCalled('looked');
      const { rows: periods } = await admin.query<{ id: string }>(
        'select id from countersign.budget_periods where budget_id = $1',
        [budget],
      );
      const { enforcement } = composeEnforcement(system.core);
      const before = await versionsOf(budget);
      for (const at of [new Date(), new Date(until.getTime() + 1)])
        await enforcement.look({ organization: DEFAULT_ORGANIZATION, period: periods[0]!.id }, at);
      expect(await versionsOf(budget)).toEqual(before);
    },
    tellOfCrossing: async () => expect(await enforced('told', {})).toContain('budget.alerted'),
    askForIncrease: async () => expect(await enforced('asked', {})).toContain('budget.increase_requested'),
    concludeIncrease: async () => {
      await enforced('answered', {});
      const { items } = await office.system.need('GET', '/api/v1/approvals?requester_id=countersign&state=pending');
      for (const { id } of items) await office.system.need('POST', `/api/v1/approvals/${id}/withdraw`, {});
      await office.system.until(
        async () => (await actionsOn(await budgetCalled('answered'))).includes('budget.increase_declined'),
        'the answer is on record',
      );
    },
    imposeMeasure: async () =>
      expect(await enforced('closed', { exceeded_action: 'suspend' })).toContain('budget.measure_taken'),
    undoMeasure: async () => {
      await enforced('lifted', { exceeded_action: 'suspend' });
      await office.system.need('PUT', `/api/v1/teams/${office.team}/budgets/lifted`, {
        amount: { value: '900', currency: 'USD' },
        period: 'monthly',
        scope: { model: 'lifted' },
      });
      await office.system.until(
        async () => (await actionsOn(await budgetCalled('lifted'))).includes('budget.measure_lifted'),
        'it is on record',
      );
    },
    sendUsageReport: async () => {
      await office.system.need('PUT', `/api/v1/teams/${office.team}/billing/settings`, {
        reporting: { frequency: 'weekly', recipients: ['finance@example.test'] },
      });
      const { rows: teams } = await admin.query<{ id: string }>('select id from countersign.teams where alias = $1', [
        office.team,
      ]);
      const plan = { organization: DEFAULT_ORGANIZATION, team: teams[0]!.id, frequency: 'weekly' as const };
      const { reporting } = composeReports(office.system.core);
      expect(await reporting.send({ ...plan, timezone: 'UTC', fiscalYearStart: '01-01' }, new Date())).toBe('sent');
      const { rows } = await admin.query<{ id: string }>('select id from countersign.usage_reports');
      expect(await actionsOn(rows[0]!.id)).toEqual(['usage_report.sent']);
      await office.system.need('PUT', `/api/v1/teams/${office.team}/billing/settings`, { reporting: null });
    },
  };

  /** Which versions of its rows there are (xmin: the transaction that wrote one), and what its limit is. */
  /** When the budget is to be looked at next is no change of it. */
  async function versionsOf(budget: string): Promise<Readonly<Record<string, string | null>>> {
    const rowsOf = (table: string, condition: string) =>
      `(select string_agg(t.xmin::text, ',' order by t.id) from countersign.${table} t where ${condition}) as ${table}`;
    const { rows } = await admin.query<Record<string, string | null>>(
      `select p.xmin::text as period, (select (to_jsonb(b) - 'due_at')::text from countersign.budgets b where b.id = p.budget_id) as budget,
         ${rowsOf('budget_overrides', 't.budget_id = p.budget_id')}, ${rowsOf('budget_alerts', 't.budget_id = p.budget_id')},
         ${rowsOf('budget_measures', 't.period_id = p.id')},
         (select count(*)::text from countersign.audit_entries where resource_id = p.budget_id::text) as entries
       from countersign.budget_periods p where p.budget_id = $1`,
      [budget],
    );
    return rows[0]!;
  }

  async function budgetCalled(name: string): Promise<string> {
    const { rows } = await admin.query<{ id: string }>('select id from countersign.budgets where name = $1', [name]);
    return rows[0]!.id;
  }

  /** Uses a budget up that counts one model. @returns what the enforcement has written, once it has done all */
  async function enforced(name: string, budget: object): Promise<string[]> {
    const { system, team } = office;
    await system.need('PUT', `/api/v1/teams/${team}/members/boss`, {
      name: 'Boss',
      email: 'boss@example.test',
      roles: ['admin'],
    });
    const amount = { value: '9', currency: 'USD' };
    await system.need('PUT', `/api/v1/teams/${team}/budgets/${name}`, {
      amount,
      period: 'monthly',
      scope: { model: name },
      ...budget,
    });
    await system.need('POST', '/api/v1/usage', {
      events: [
        {
          id: name,
          team_id: team,
          user_id: 'req',
          provider: 'openai',
          model: name,
          input_tokens: 1,
          output_tokens: 1,
          cost: amount,
          occurred_at: new Date().toISOString(),
        },
      ],
    });
    return system.until(async () => {
      const actions = await actionsOn(await budgetCalled(name));
      return (
        actions.some((action) => action === 'budget.increase_requested' || action === 'budget.measure_taken') && actions
      );
    }, `what is done about ${name}`);
  }

  test('is known to write an entry for what it changes', async () => {
    const { core } = office.system;
    const sealing = composeSealing(core);
    const activities = createActivities({
      approvals: core.approvals.execution,
      audit: { sealing: sealing.sealing, shards: 1 },
      exports: composeExportMaking(core, sealing.database),
      archiving: null,
      budgets: composeEnforcement(core),
      reports: composeReports(core).reporting,
      logger: core.logger,
    });
    await sealing.close();
    expect(Object.keys(PROOFS).toSorted()).toEqual(Object.keys(activities).toSorted());
    for (const prove of Object.values(PROOFS)) await prove();
  });
});
