import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ScheduleDescription, type ScheduleHandle, ScheduleNotFoundError, ServiceError } from '@temporalio/client';
import { Temporal } from 'temporal-polyfill';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { composeReports } from '../../src/composition/reports.ts';
import { duesBetween, nextDue, type ReportFrequency, reportPeriod } from '../../src/reports/rules.ts';
import { type UsageReportOutcome, usageReportScheduleId } from '../../workflows/contracts/usage-report.ts';
import { event, type Json, Office } from '../usage/api/support/office.ts';

const DAY_MS = 86_400_000;
/** A Schedule is asked by a query, which a busy server may hold up. */
const ANSWERS_WITHIN_MS = 2_000;
const DONE_WITHIN_MS = 45_000;

let office: Office;
const schedules: ScheduleHandle[] = [];

beforeAll(async () => {
  office = await Office.open({ worker: true });
});

afterAll(async () => {
  await Promise.all(schedules.map((handle) => handle.delete().catch(isGone)));
  await office?.close();
});

/** A team of its own, whose Schedule goes with the test. */
async function makeTeam(alias: string, more: Json = {}) {
  await office.system.need('POST', '/api/v1/teams', { id: alias, name: alias, ...more });
  const [row] = await office.rows<{ id: string }>('select id from countersign.teams where alias = $1', [alias]);
  const schedule = office.system.core.temporal.client.schedule.getHandle(usageReportScheduleId(row!.id));
  schedules.push(schedule);
  return { id: row!.id, alias, schedule };
}

type ReportedTeam = Awaited<ReturnType<typeof makeTeam>>;

function setReporting({ alias }: ReportedTeam, reporting: Json): Promise<unknown> {
  return office.system.need('PUT', `/api/v1/teams/${alias}/billing/settings`, { reporting });
}

/** Null where there is none; undefined where a busy server does not say. */
async function describeSchedule({ schedule }: ReportedTeam): Promise<ScheduleDescription | null | undefined> {
  try {
    return await office.system.core.temporal.within(ANSWERS_WITHIN_MS, () => schedule.describe());
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    isGone(error);
    return null;
  }
}

function isGone(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

/** Waits until there is a Schedule that would act next when the rules say so. */
function isScheduled(team: ReportedTeam, frequency: ReportFrequency, timezone: string, fiscalYearStart = '01-01') {
  return office.system.until(
    async () => {
      const found = await describeSchedule(team);
      const next = nextDue(new Date(), frequency, { timezone, fiscalYearStart });
      return found?.info.nextActionTimes[0]?.getTime() === next.getTime() ? found : null;
    },
    `the ${frequency} schedule of ${team.alias} in ${timezone}`,
    DONE_WITHIN_MS,
  );
}

const isUnscheduled = (team: ReportedTeam) =>
  office.system.until(
    async () => (await describeSchedule(team)) === null,
    `${team.alias} has no schedule`,
    DONE_WITHIN_MS,
  );

/** What the workflows that the Schedule has started came to, oldest first. */
async function outcomes(team: ReportedTeam, count: number): Promise<UsageReportOutcome[]> {
  const actions = await office.system.until(
    async () => {
      const { recentActions = [] } = (await describeSchedule(team))?.info ?? {};
      return recentActions.length >= count && recentActions;
    },
    `${count} actions`,
    DONE_WITHIN_MS,
  );
  const { workflow } = office.system.core.temporal.client;
  return Promise.all(
    // Two that were triggered within a second have the same workflow id.
    actions.map(({ action: { workflow: started } }) => {
      const run = workflow.getHandle(started.workflowId, started.firstExecutionRunId);
      return run.result() as Promise<UsageReportOutcome>;
    }),
  );
}

/** Restarts the worker, which looks after every Schedule when it starts. */
async function restartWorker(): Promise<void> {
  await office.system.stopWorker();
  await office.system.startWorker();
}

const reportsTo = async (address: string) =>
  (await office.system.mails(address)).filter(({ subject }) => subject.includes('usage report'));

describe('the settings of a team', () => {
  test('make its Schedule, change it, and take it away', async () => {
    const team = await makeTeam('follows', { timezone: 'Pacific/Auckland' });
    await setReporting(team, { frequency: 'weekly', recipients: ['a@outside.test'] });
    const weekly = await isScheduled(team, 'weekly', 'Pacific/Auckland');
    expect(weekly.policies).toMatchObject({ overlap: 'BUFFER_ALL', catchupWindow: 35 * DAY_MS });
    expect(weekly.spec.timezone).toBe('Pacific/Auckland');
    await setReporting(team, { frequency: 'monthly' });
    await isScheduled(team, 'monthly', 'Pacific/Auckland');
    await setReporting(team, { recipients: [] });
    await isUnscheduled(team);
    await setReporting(team, { recipients: ['a@outside.test'] });
    await isScheduled(team, 'monthly', 'Pacific/Auckland');
    await setReporting(team, { frequency: null });
    await isUnscheduled(team);
  });

  test('hold nothing but opaque ids and codes in Temporal', async () => {
    const team = await makeTeam('opaque', { timezone: 'europe/berlin' });
    await setReporting(team, { frequency: 'weekly', recipients: ['somebody@outside.test'] });
    const { action, memo } = await isScheduled(team, 'weekly', 'Europe/Berlin');
    expect(action.args).toEqual([
      {
        organization: DEFAULT_ORGANIZATION,
        team: team.id,
        frequency: 'weekly',
        timezone: 'Europe/Berlin',
        fiscalYearStart: '01-01',
      },
    ]);
    expect(memo ?? {}).toEqual({});
  });

  test('are followed when the organization changes its zone or its fiscal year', async () => {
    const team = await makeTeam('inherits');
    await setReporting(team, { frequency: 'monthly', recipients: ['a@outside.test'] });
    await isScheduled(team, 'monthly', 'UTC');
    await office.system.need('PUT', '/api/v1/organization/settings', {
      timezone: 'America/New_York',
      fiscal_year_start: '04-30',
    });
    await isScheduled(team, 'monthly', 'America/New_York', '04-30');
    await office.system.need('PUT', '/api/v1/organization/settings', { timezone: 'UTC', fiscal_year_start: '01-01' });
    await isScheduled(team, 'monthly', 'UTC');
  });
});

describe('settings that change in quick succession', () => {
  test('end as the last change says', async () => {
    const team = await makeTeam('hasty');
    const changes = Array.from({ length: 12 }, (_, index) => ({ frequency: index % 2 === 0 ? 'weekly' : 'monthly' }));
    await Promise.all(changes.map((change) => setReporting(team, { recipients: ['a@outside.test'], ...change })));
    const { reporting } = await office.system.need('GET', '/api/v1/teams/hasty/billing/settings');
    await office.system.until(
      async () =>
        (await office.rows(`select from countersign.outbox where reference ->> 'type' = 'usage-report-schedule'`))
          .length === 0,
      'every change is carried out',
    );
    const found = await describeSchedule(team);
    expect(found?.action.args).toEqual([expect.objectContaining({ frequency: reporting.frequency })]);
  });
});

describe('a Schedule that acts', () => {
  test('has the mail sent, and once only', async () => {
    const team = await makeTeam('acts');
    const key = await office.system.person('acts', 'user-of-acts', ['member']);
    const { from } = reportPeriod(new Date(), 'weekly', { timezone: 'UTC', fiscalYearStart: '01-01' });
    const lastWeek = { occurred_at: new Date(from.getTime() + DAY_MS).toISOString() };
    const cost = { value: '4.2', currency: 'USD' };
    await office.report([event({ team_id: 'acts', user_id: 'user-of-acts', cost, ...lastWeek })], key);
    await setReporting(team, {
      frequency: 'weekly',
      recipients: ['user-of-acts@example.test', 'one@outside.test'],
      include_member_breakdown: true,
    });
    await isScheduled(team, 'weekly', 'UTC');
    await team.schedule.trigger();
    for (const address of ['user-of-acts@example.test', 'one@outside.test']) {
      const [mail] = await office.system.until(async () => {
        const mails = await reportsTo(address);
        return mails.length > 0 && mails;
      }, `the report to ${address}`);
      expect(mail!.subject).toMatch(/^Weekly usage report: acts, /);
      expect(mail!.text).toContain('Name of user-of-acts: cost 4.20 USD');
    }
    await team.schedule.trigger();
    expect(await outcomes(team, 2)).toEqual(['sent', 'already-sent']);
    expect(await reportsTo('one@outside.test')).toHaveLength(1);
  });

  test('although nothing of it is set any more is taken away', async () => {
    const team = await makeTeam('leftover');
    await setReporting(team, { frequency: 'weekly', recipients: ['none@outside.test'] });
    await isScheduled(team, 'weekly', 'UTC');
    // As after the database was restored from a backup of a time before it was set.
    await office.rows(`update countersign.billing_settings set settings = '{}' where team_id = $1`, [team.id]);
    await team.schedule.trigger();
    await isUnscheduled(team);
    expect(await reportsTo('none@outside.test')).toEqual([]);
  });
});

describe('a worker that starts', () => {
  test('makes the Schedules that were lost, and makes up for what was missed, once', async () => {
    const team = await makeTeam('lost', { timezone: 'Asia/Kathmandu' });
    await setReporting(team, { frequency: 'weekly', recipients: ['late@outside.test'] });
    await isScheduled(team, 'weekly', 'Asia/Kathmandu');
    await office.system.stopWorker();
    await team.schedule.delete();
    const since = Temporal.Now.instant()
      .subtract({ hours: 24 * 60 })
      .toString();
    await office.rows('update countersign.billing_settings set reporting_since = $2 where team_id = $1', [
      team.id,
      since,
    ]);
    await office.system.startWorker();
    const { action } = await isScheduled(team, 'weekly', 'Asia/Kathmandu');
    // Not by its older name, which is the same to the runtime.
    expect(action.args).toEqual([expect.objectContaining({ timezone: 'Asia/Kathmandu' })]);
    const missed = duesBetween(new Date(Date.now() - 35 * DAY_MS), new Date(Date.now() - 600_000), 'weekly', {
      timezone: 'Asia/Kathmandu',
      fiscalYearStart: '01-01',
    });
    await office.system.until(
      async () => (await reportsTo('late@outside.test')).length >= missed.length,
      'the reports that were missed',
    );
    await restartWorker();
    await team.schedule.trigger();
    expect((await outcomes(team, missed.length + 1)).filter((outcome) => outcome === 'sent')).toHaveLength(
      missed.length,
    );
    const subjects = (await reportsTo('late@outside.test')).map(({ subject }) => subject);
    expect(new Set(subjects).size).toBe(missed.length);
    expect(subjects).toHaveLength(missed.length);
  });

  test('is held up by no team that Temporal refuses', async () => {
    const refused = await makeTeam('refused');
    await setReporting(refused, { frequency: 'weekly', recipients: ['refused@outside.test'] });
    await isScheduled(refused, 'weekly', 'UTC');
    const next = await makeTeam('next-to-it');
    await setReporting(next, { frequency: 'weekly', recipients: ['next@outside.test'] });
    await isScheduled(next, 'weekly', 'UTC');
    await office.system.stopWorker();
    await next.schedule.delete();
    // Known to the runtime, whatever its case, and not to Temporal.
    await office.rows(`update countersign.teams set timezone = 'Asia/kolkata' where id = $1`, [refused.id]);
    await office.system.startWorker();
    await isScheduled(next, 'weekly', 'UTC');
    await office.rows('update countersign.teams set timezone = null where id = $1', [refused.id]);
  });

  test('is the only one that looks after them', async () => {
    const keepers = () =>
      office.rows(`select from pg_locks where locktype = 'advisory' and objid = 7266841 and granted
        and database = (select oid from pg_database where datname = current_database())`);
    await office.system.until(async () => (await keepers()).length === 1, 'it has begun');
    const { keeper } = composeReports(office.system.core);
    keeper.start();
    await keeper.stop();
    expect(await keepers()).toHaveLength(1);
    await office.system.stopWorker();
    expect(await keepers()).toEqual([]);
    await office.system.startWorker();
  });

  test('looks after those of every organization', async () => {
    const { id, owner_key: key } = await office.system.need('POST', '/api/v1/organizations', { name: 'Other' });
    await office.system.need('POST', '/api/v1/teams', { id: 'elsewhere', name: 'Elsewhere' }, key);
    const reporting = { frequency: 'weekly', recipients: ['a@outside.test'] };
    await office.system.need('PUT', '/api/v1/teams/elsewhere/billing/settings', { reporting }, key);
    const [row] = await office.rows<{ id: string }>('select id from countersign.teams where organization_id = $1', [
      id,
    ]);
    const schedule = office.system.core.temporal.client.schedule.getHandle(usageReportScheduleId(row!.id));
    schedules.push(schedule);
    const team = { id: row!.id, alias: 'elsewhere', schedule };
    await isScheduled(team, 'weekly', 'UTC');
    await office.system.stopWorker();
    await schedule.delete();
    await office.system.startWorker();
    await isScheduled(team, 'weekly', 'UTC');
  });

  test('makes up for nothing from before the settings were made', async () => {
    const team = await makeTeam('fresh');
    await setReporting(team, { frequency: 'weekly', recipients: ['fresh@outside.test'] });
    await isScheduled(team, 'weekly', 'UTC');
    await office.system.stopWorker();
    await team.schedule.delete();
    await office.system.startWorker();
    const { info } = await isScheduled(team, 'weekly', 'UTC');
    expect(info.numActionsTaken).toBe(0);
    expect(await reportsTo('fresh@outside.test')).toEqual([]);
  });

  test('corrects what was changed by hand, and leaves paused what somebody has paused', async () => {
    const team = await makeTeam('paused');
    await setReporting(team, { frequency: 'weekly', recipients: ['paused@outside.test'] });
    await isScheduled(team, 'weekly', 'UTC');
    await team.schedule.pause('by hand');
    await team.schedule.update((before) => ({
      ...before,
      spec: { ...before.spec, calendars: [{ hour: 3, dayOfWeek: 'SUNDAY' }] },
    }));
    await restartWorker();
    const { state } = await isScheduled(team, 'weekly', 'UTC');
    expect(state).toMatchObject({ paused: true, note: 'by hand' });
  });
});
