import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { composeReports } from '../../src/composition/reports.ts';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import type { ClaimedMessage } from '../../src/notify/service.ts';
import { Vault } from '../../src/platform/crypto/vault.ts';
import { newId } from '../../src/platform/ids.ts';
import type { ReportFrequency } from '../../src/reports/rules.ts';
import { People } from '../../src/tenancy/people.ts';
import type { UsageReportOutcome, UsageReportPlan } from '../../workflows/contracts/usage-report.ts';
import { event, type Json, Office, without } from '../usage/api/support/office.ts';
import { SetClock } from './support/set-clock.ts';

/** A Monday, 06:00 in Berlin: an hour before the report of the week before is due. */
const MONDAY = '2026-11-23T05:00:00Z';
const DUE = new Date('2026-11-23T06:00:00Z');

let office: Office;
let clock: SetClock;
let reports: ReturnType<typeof composeReports>;

beforeAll(async () => {
  clock = new SetClock('2026-11-12T09:00:00Z');
  office = await Office.open({ clock });
  reports = composeReports(office.system.core);
  await makeTeams();
  await makeBudgets();
  clock.set(MONDAY);
  await use();
  await office.system.startWorker();
});

afterAll(() => office?.close());

async function makeTeams(): Promise<void> {
  const { system } = office;
  await system.need('PUT', '/api/v1/organization/settings', { timezone: 'Europe/Berlin' });
  await system.need('POST', '/api/v1/teams', { id: 'paris', name: 'Paris', parent_team_id: 'lab', currency: 'EUR' });
  await system.need('POST', '/api/v1/teams', { id: 'idle', name: 'Idle', timezone: 'Asia/Tokyo' });
  office.keys['cleo'] = await system.person('paris', 'cleo', ['member']);
  office.keys['left'] = await system.person('research', 'left', ['member']);
}

async function makeBudgets(): Promise<void> {
  const budget = (name: string, body: Json) =>
    office.system.need('PUT', `/api/v1/teams/research/budgets/${name}`, body);
  await budget('all', { amount: { value: '100', currency: 'USD' }, period: 'weekly', exceeded_action: 'notify' });
  await budget('ana-only', {
    scope: { user_id: 'ana' },
    amount: { value: '10', currency: 'USD' },
    period: 'weekly',
    exceeded_action: 'suspend',
  });
  await budget('november', { amount: { value: '1000', currency: 'USD' }, period: 'monthly' });
  await office.system.need('POST', '/api/v1/teams/research/budgets/november/overrides', {
    amount: { value: '50', currency: 'USD' },
    reason: 'A launch',
  });
}

const costing = (value: string, more: Json, currency = 'USD') => event({ cost: { value, currency }, ...more });

async function use(): Promise<void> {
  await office.report([
    costing('10', { occurred_at: '2026-11-11T10:00:00Z' }),
    // Half an hour into the Monday of Berlin, and half an hour before the next one.
    costing('12.345678901234', { occurred_at: '2026-11-15T23:30:00Z' }),
    costing('0.000000000001', {
      occurred_at: '2026-11-22T22:30:00Z',
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
    }),
    costing('70', { occurred_at: '2026-11-18T10:00:00Z', user_id: 'ben', success: false }),
    costing('3', { occurred_at: '2026-11-18T10:00:00Z', user_id: 'cleo', team_id: 'paris' }, 'EUR'),
    without('cost', event({ occurred_at: '2026-11-19T10:00:00Z', provider: 'acme', model: 'house-model' })),
    costing('500', { occurred_at: '2026-11-22T23:30:00Z' }),
  ]);
}

async function idOf(team: string): Promise<string> {
  const [row] = await office.rows<{ id: string }>('select id from countersign.teams where alias = $1', [team]);
  return row!.id;
}

async function planOf(team: string, frequency: ReportFrequency, more: Partial<UsageReportPlan> = {}) {
  const plan = { organization: DEFAULT_ORGANIZATION, timezone: 'Europe/Berlin', fiscalYearStart: '01-01', ...more };
  return { ...plan, team: await idOf(team), frequency };
}

function setReporting(team: string, reporting: Json | null): Promise<unknown> {
  return office.system.need('PUT', `/api/v1/teams/${team}/billing/settings`, { reporting });
}

async function send(team: string, frequency: ReportFrequency, dueAt = DUE): Promise<UsageReportOutcome> {
  return reports.reporting.send(await planOf(team, frequency), dueAt);
}

async function reportTo(address: string, about: string) {
  return office.system.until(
    async () => (await office.system.mails(address)).find(({ subject }) => subject.includes(about)),
    `the report ${about} to ${address}`,
  );
}

async function reportsTo(address: string, about: string) {
  const mails = await office.system.mails(address);
  return mails.filter(({ subject }) => subject.includes('usage report') && subject.includes(about));
}

/** Budgets tell of what they have crossed, too. */
const REPORT_MAILS = `channel = 'mail' and reference ->> 'template' = 'usage-report'`;

async function allDelivered(): Promise<void> {
  await office.system.until(
    async () => (await office.rows(`select from countersign.outbox where ${REPORT_MAILS}`)).length === 0,
    'every report is delivered',
  );
}

describe('a usage report', () => {
  test('tells what was used in its period, to the last digit', async () => {
    await setReporting('research', {
      frequency: 'weekly',
      recipients: ['ana@example.test', 'Finance@Outside.test', 'finance@outside.test'],
      include_member_breakdown: true,
    });
    expect(await send('research', 'weekly')).toBe('sent');
    const { subject, text, html } = await reportTo('finance@outside.test', 'Research');
    expect(subject).toBe('Weekly usage report: Research, 16 November 2026 to 22 November 2026');
    expect(text).toBe(EXPECTED);
    for (const figure of ['12.345678901235 USD', '70.00 USD', 'Name of ana', 'Europe/Berlin', '82.3 %'])
      expect(html).toContain(figure);
    expect((await reportTo('ana@example.test', 'Research')).text).toBe(EXPECTED);
  });

  test('is sent once, however often and by however many it is made', async () => {
    expect(await send('research', 'weekly')).toBe('already-sent');
    await setReporting('berlin', { frequency: 'weekly', recipients: ['once@outside.test'] });
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => send('berlin', 'weekly')));
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 7 }, () => 'already-sent'), 'sent']);
    // The same week by another zone's calendar is the same report.
    expect(await reports.reporting.send(await planOf('berlin', 'weekly', { timezone: 'Pacific/Auckland' }), DUE)).toBe(
      'already-sent',
    );
    await allDelivered();
    expect(await office.system.mails('once@outside.test')).toHaveLength(1);
    expect(await office.system.mails('finance@outside.test')).toHaveLength(1);
  });

  test('stands in the audit log, without anybody’s address', async () => {
    const { items } = await office.system.need('GET', '/api/v1/audit/entries?action=usage_report.sent');
    const ofResearch = items.find(({ team_id: team }: { team_id: string }) => team === 'research');
    expect(ofResearch).toMatchObject({
      actor: { type: 'workflow' },
      resource: { type: 'usage_report' },
      detail: {
        frequency: 'weekly',
        first_day: '2026-11-16',
        last_day: '2026-11-22',
        timezone: 'Europe/Berlin',
        recipients: 2,
        members: true,
      },
    });
    expect(JSON.stringify(items)).not.toMatch(/outside|example\.test|Name of/);
  });

  test('without the breakdown says nothing of any member', async () => {
    await setReporting('research', { frequency: 'monthly', include_member_breakdown: false });
    const due = new Date('2026-12-01T06:00:00Z');
    expect(await send('research', 'monthly', due)).toBe('sent');
    const { subject, text, html } = await reportTo('finance@outside.test', 'Monthly');
    expect(subject).toBe('Monthly usage report: Research, 1 November 2026 to 30 November 2026');
    expect(text).toContain('Cost: 3.00 EUR + 592.345678901235 USD');
    expect(text).toContain('november, monthly: spent 592.345678901235 USD, limit 1,050.00 USD');
    for (const body of [text, html]) expect(body).not.toMatch(/Name of|By member|ana-only/);
  });

  test('of a period in which nothing was used says so', async () => {
    await setReporting('idle', {
      frequency: 'weekly',
      recipients: ['quiet@outside.test'],
      include_member_breakdown: true,
    });
    const plan = await planOf('idle', 'weekly', { timezone: 'Asia/Tokyo' });
    expect(await reports.reporting.send(plan, DUE)).toBe('sent');
    const { text } = await reportTo('quiet@outside.test', 'Idle');
    expect(text).toMatch(/Nothing was used in this period\.\n\nCost: nothing\n/);
    expect(text).toContain('time zone Asia/Tokyo');
    expect(text).not.toContain('By model');
  });

  test('goes to nobody who has left the organization', async () => {
    await setReporting('lab', { frequency: 'weekly', recipients: ['left@example.test', 'stays@outside.test'] });
    await office.system.need('DELETE', '/api/v1/teams/research/members/left');
    expect(await send('lab', 'weekly')).toBe('sent');
    await reportTo('stays@outside.test', 'Lab');
    await allDelivered();
    const mails = await office.system.mails('left@example.test');
    expect(mails.filter(({ subject }) => subject.includes('report'))).toEqual([]);
  });

  test('follows a person whose address changes, and ends with them whatever address was named', async () => {
    const { system } = office;
    await system.need('POST', '/api/v1/teams', { id: 'moving', name: 'Moving' });
    const member = (user: string, email: string) =>
      system.need('PUT', `/api/v1/teams/moving/members/${user}`, { name: user, email, roles: ['member'] });
    await member('mia', 'mia.old@example.test');
    await setReporting('moving', { frequency: 'weekly', recipients: ['Mia.Old@example.test', 'any@outside.test'] });
    await member('mia', 'mia.new@example.test');
    const named = async () => (await system.need('GET', '/api/v1/teams/moving/billing/settings')).reporting.recipients;
    expect(await named()).toEqual(['mia.new@example.test', 'any@outside.test']);
    expect(await send('moving', 'weekly')).toBe('sent');
    await reportTo('mia.new@example.test', 'Moving');
    await system.need('DELETE', '/api/v1/teams/moving/members/mia');
    expect(await send('moving', 'weekly', new Date('2026-11-16T06:00:00Z'))).toBe('sent');
    await system.until(async () => (await reportsTo('any@outside.test', 'Moving')).length === 2, 'both reports');
    await allDelivered();
    expect(await reportsTo('mia.old@example.test', 'Moving')).toEqual([]);
    expect(await reportsTo('mia.new@example.test', 'Moving')).toHaveLength(1);
    expect(await named()).toEqual(['any@outside.test']);
    // Somebody else may have the address by now, without having been named.
    await member('mo', 'mia.old@example.test');
    expect(await named()).toEqual(['any@outside.test']);
  });

  test('tells what somebody who was erased has used, and neither names them nor writes to them', async () => {
    const { system } = office;
    await system.need('POST', '/api/v1/teams', { id: 'later', name: 'Later' });
    for (const user of ['zoe', 'yan'])
      await system.need('PUT', `/api/v1/teams/later/members/${user}`, {
        name: `Name of ${user}`,
        email: `${user}@example.test`,
        roles: ['member'],
      });
    const used = { team_id: 'later', occurred_at: '2026-11-18T10:00:00Z' };
    await office.report([costing('2', { ...used, user_id: 'zoe' }), costing('1', { ...used, user_id: 'yan' })]);
    await setReporting('later', {
      frequency: 'weekly',
      recipients: ['zoe@example.test', 'later@outside.test'],
      include_member_breakdown: true,
    });
    const spent = `(select person_id from countersign.usage_rollups r join countersign.teams t on t.id = r.team_id where t.alias = 'later' and r.cost = 2)`;
    await office.rows(`update keyring.subject_keys set wrapped = null where id = ${spent}`);
    // Another process has never had the key.
    const { core } = system;
    const people = new People(core.master, new Vault(core.master));
    const { reporting } = composeReports({ ...core, people });
    expect(await reporting.send(await planOf('later', 'weekly'), DUE)).toBe('sent');
    const { text } = await reportTo('later@outside.test', 'Later');
    expect(text).toContain('- somebody who was erased: cost 2.00 USD');
    expect(text).toContain('- Name of yan: cost 1.00 USD');
    await allDelivered();
    expect(await system.mails('zoe@example.test')).toEqual([]);
  });

  test('names the dearest, and adds the others up', async () => {
    await office.system.need('POST', '/api/v1/teams', { id: 'many', name: 'Many' });
    const used = { team_id: 'many', occurred_at: '2026-11-18T10:00:00Z', provider: 'acme' };
    await office.report(
      Array.from({ length: 53 }, (_, index) => costing(String(index + 1), { ...used, model: `model-${index + 1}` })),
    );
    await setReporting('many', { frequency: 'weekly', recipients: ['many@outside.test'] });
    expect(await send('many', 'weekly')).toBe('sent');
    const { text } = await reportTo('many@outside.test', 'Many');
    const models = text.split('By model\n')[1]!.split('\n\n')[0]!.split('\n');
    expect(models).toHaveLength(51);
    expect(models[0]).toContain('acme model-53: cost 53.00 USD');
    expect(models[50]).toContain('3 others: cost 6.00 USD, requests 3');
    expect(text).toContain('Cost: 1,431.00 USD');
  });

  test('that nobody wants any more is not sent, and its Schedule is looked at', async () => {
    await office.system.stopWorker();
    expect(await send('research', 'weekly')).toBe('not-wanted');
    const requests = await office.rows<{ reference: Json }>(`select reference from countersign.outbox`);
    expect(requests.map(({ reference }) => reference)).toContainEqual({
      type: 'usage-report-schedule',
      team: await idOf('research'),
    });
    await office.system.startWorker();
  });

  test('waits in the outbox sealed', async () => {
    await office.system.stopWorker();
    await setReporting('paris', {
      frequency: 'weekly',
      recipients: ['sealed@outside.test'],
      include_member_breakdown: true,
    });
    expect(await send('paris', 'weekly')).toBe('sent');
    const rows = await office.rows<{ reference: string; body: Buffer; settings: string }>(
      `select o.reference::text, o.body, (select settings::text from countersign.billing_settings where team_id = $1) as settings
       from countersign.outbox o where ${REPORT_MAILS}`,
      [await idOf('paris')],
    );
    expect(rows).toHaveLength(1);
    expect(Object.keys(JSON.parse(rows[0]!.reference)).toSorted()).toEqual(['person', 'report', 'template']);
    for (const stored of [rows[0]!.reference, rows[0]!.body.toString('latin1'), rows[0]!.settings])
      expect(stored).not.toMatch(/sealed@|cleo|Paris|EUR/);
    await office.system.startWorker();
    expect((await reportTo('sealed@outside.test', 'Paris')).text).toContain('Name of cleo: cost 3.00 EUR');
  });
});

describe('another organization', () => {
  test('neither sees what is set, nor can have it reported', async () => {
    const { system } = office;
    const { id, owner_key: key } = await system.need('POST', '/api/v1/organizations', { name: 'Other' });
    expect((await system.api('GET', '/api/v1/teams/research/billing/settings', undefined, key)).status).toBe(404);
    const body = { reporting: { recipients: ['spy@outside.test'] } };
    expect((await system.api('PUT', '/api/v1/teams/research/billing/settings', body, key)).status).toBe(404);
    const plan = await planOf('berlin', 'weekly', { organization: id });
    expect(await reports.reporting.send(plan, new Date('2026-11-16T06:00:00Z'))).toBe('not-wanted');
    expect(await office.rows('select from countersign.usage_reports where organization_id = $1', [id])).toEqual([]);
  });
});

describe('a report that cannot be made', () => {
  test('is counted each time', async () => {
    const { metrics } = office.system.core;
    const failed = async () =>
      (await metrics.registry.metrics()).match(/usage_reports_total\{.*outcome="failed"\} (\d+)/)?.[1];
    const before = Number((await failed()) ?? 0);
    const plan = await planOf('research', 'weekly', { timezone: 'Nowhere/AtAll' });
    await expect(reports.reporting.send(plan, DUE)).rejects.toThrow();
    expect(Number(await failed())).toBe(before + 1);
  });
});

describe('a change of the organization’s calendar', () => {
  const message = (reference: ClaimedMessage['reference']): ClaimedMessage => ({
    id: newId(),
    organization: DEFAULT_ORGANIZATION,
    channel: 'report',
    reference,
    body: null,
    attempts: 1,
    createdAt: new Date(),
    dueAt: new Date(),
  });

  test('becomes one message for each team that is reported to somebody, in a lane that nobody waits for', async () => {
    await office.system.stopWorker();
    await setReporting('lab', { frequency: 'weekly', recipients: ['lab@outside.test'] });
    await setReporting('later', { frequency: 'weekly', recipients: [] });
    await office.rows(`delete from countersign.outbox where channel = 'report'`);
    const { signal } = new AbortController();
    expect(await reports.handler.deliver(message({ team: null }), signal)).toEqual({ outcome: 'delivered' });
    const rows = await office.rows<{ team: string }>(
      `select reference ->> 'team' as team from countersign.outbox where channel = 'report'`,
    );
    const teams = rows.map(({ team }) => team);
    expect(teams).toContain(await idOf('lab'));
    expect(teams).not.toContain(await idOf('later'));
    expect(new Set(teams).size).toBe(teams.length);
    await office.system.startWorker();
  });

  test('is left for later where the process must end', async () => {
    const team = await idOf('lab');
    expect(await reports.handler.deliver(message({ team }), AbortSignal.abort())).toEqual({
      outcome: 'retry',
      error: 'broken-off',
    });
  });
});

describe('naming recipients', () => {
  test('takes whoever may read billing too: a report tells what they may see', async () => {
    const { system } = office;
    const { key } = await system.need('POST', '/api/v1/api-keys', {
      service_name: 'writer',
      scopes: ['billing:write'],
    });
    const put = (body: Json) => system.api('PUT', '/api/v1/teams/berlin/billing/settings', body, key);
    await setReporting('berlin', { recipients: ['secret@outside.test'] });
    expect((await put({ reporting: { recipients: ['me@outside.test'] } })).status).toBe(403);
    expect((await put({ reporting: null })).status).toBe(403);
    const { status, body } = await put({ cost_center: 'AI' });
    expect(status).toBe(200);
    // Nor is such a key told whom others have named.
    expect(Object.keys(body.reporting)).toEqual(['frequency', 'include_member_breakdown']);
    expect((await system.need('GET', '/api/v1/teams/berlin/billing/settings')).reporting.recipients).toEqual([
      'secret@outside.test',
    ]);
  });
});

const EXPECTED = `What Research and the teams below it used from 16 November 2026 to 22 November 2026. Days begin at midnight in the time zone Europe/Berlin.

Cost: 3.00 EUR + 82.345678901235 USD
Compared with 9 November 2026 to 15 November 2026: 3.00 EUR after nothing; 72.345678901235 USD (723.5 %) more than 10.00 USD
Requests: 5 (1 then)
Failed requests: 1 (20.0 %)
Tokens: 5,000 input, 500 output
Without a price: 1 request, whose cost is not known yet and in none of these amounts

By provider
- openai: cost 3.00 EUR + 82.345678901234 USD, requests 3, failed 1, without a price 0, input tokens 3,000, output tokens 300
- anthropic: cost 0.000000000001 USD, requests 1, failed 0, without a price 0, input tokens 1,000, output tokens 100
- acme: cost 0.00 USD, requests 1, failed 0, without a price 1, input tokens 1,000, output tokens 100

By model
- openai gpt-4o: cost 3.00 EUR + 82.345678901234 USD, requests 3, failed 1, without a price 0, input tokens 3,000, output tokens 300
- anthropic claude-sonnet-4-5: cost 0.000000000001 USD, requests 1, failed 0, without a price 0, input tokens 1,000, output tokens 100
- acme house-model: cost 0.00 USD, requests 1, failed 0, without a price 1, input tokens 1,000, output tokens 100

By team
- Research: cost 82.345678901235 USD, requests 4, failed 1, without a price 1, input tokens 4,000, output tokens 400
- Paris: cost 3.00 EUR, requests 1, failed 0, without a price 0, input tokens 1,000, output tokens 100

By member
- Name of ben: cost 70.00 USD, requests 1, failed 1, without a price 0, input tokens 1,000, output tokens 100
- Name of ana: cost 12.345678901235 USD, requests 3, failed 0, without a price 1, input tokens 3,000, output tokens 300
- Name of cleo: cost 3.00 EUR, requests 1, failed 0, without a price 0, input tokens 1,000, output tokens 100

Budgets, in their period of the last day
- all, weekly: spent 82.345678901235 USD, limit 100.00 USD, used 82.3 %, state warning
- ana-only, weekly, Name of ana: spent 12.345678901235 USD, limit 10.00 USD, used 123.5 %, state suspended
- november, monthly: spent 592.345678901235 USD, limit 1,050.00 USD, used 56.4 %, state open

-- 
You get this report because your address stands in the billing settings of Research; whoever manages billing there can take it out. Usage that is reported or priced after this mail is not in it, and stands in the next report’s comparison.
`;
