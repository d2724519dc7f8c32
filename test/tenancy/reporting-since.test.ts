import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { reportingOf } from '../../src/tenancy/service.ts';
import { startTestSystem, type TestSystem } from '../support/system.ts';

const TEAMS = ['weekly', 'monthly', 'zoned', 'below-zoned'] as const;
let now = new Date('2026-11-02T00:00:00Z');
let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem({ worker: false, clock: { now: () => now } });
  for (const id of TEAMS)
    await system.need('POST', '/api/v1/teams', {
      id,
      name: id,
      ...(id === 'zoned' ? { timezone: 'asia/kolkata' } : {}),
      ...(id === 'below-zoned' ? { parent_team_id: 'zoned' } : {}),
    });
  for (const id of TEAMS)
    await put(id, {
      reporting: {
        frequency: id === 'monthly' ? 'monthly' : 'weekly',
        recipients: ['a@outside.test', 'b@outside.test'],
      },
    });
});

afterAll(() => system?.stop());

const put = (team: string, body: object) => system.need('PUT', `/api/v1/teams/${team}/billing/settings`, body);
const organization = (body: object) => system.need('PUT', '/api/v1/organization/settings', body);

/** The teams of which nothing from before the change is made up for. */
async function startedAnewBy(change: () => Promise<unknown>): Promise<string[]> {
  now = new Date(now.getTime() + 3_600_000);
  await change();
  const anew: string[] = [];
  for (const alias of TEAMS) {
    const reporting = await system.core.work.read(DEFAULT_ORGANIZATION, async (em) => {
      const [team] = await em.execute<{ id: string }[]>('select id from countersign.teams where alias = ?', [alias]);
      return reportingOf(em, system.core.work.vault, DEFAULT_ORGANIZATION, team!.id);
    });
    if (reporting?.since.getTime() === now.getTime()) anew.push(alias);
  }
  return anew;
}

describe('what is made up for of reports', () => {
  test('begins anew with another frequency, or other recipients', async () => {
    expect(await startedAnewBy(() => put('weekly', { reporting: { frequency: 'monthly' } }))).toEqual(['weekly']);
    expect(await startedAnewBy(() => put('weekly', { reporting: { frequency: 'weekly' } }))).toEqual(['weekly']);
    expect(await startedAnewBy(() => put('weekly', { reporting: { recipients: ['c@outside.test'] } }))).toEqual([
      'weekly',
    ]);
  });

  test('stays as it is whatever else is set, or set once more', async () => {
    for (const body of [
      { cost_center: 'A' },
      { reporting: { include_member_breakdown: true } },
      { reporting: { frequency: 'weekly', recipients: ['c@outside.test'] } },
    ])
      expect(await startedAnewBy(() => put('weekly', body))).toEqual([]);
    expect(await startedAnewBy(() => organization({ timezone: 'UTC', fiscal_year_start: '01-01' }))).toEqual([]);
    expect(await startedAnewBy(() => organization({ step_up_amount: null }))).toEqual([]);
  });

  test('begins anew where reports are due by another calendar, and only there', async () => {
    expect(await startedAnewBy(() => organization({ fiscal_year_start: '04-06' }))).toEqual(['monthly']);
    expect(await startedAnewBy(() => organization({ timezone: 'Europe/Berlin' }))).toEqual(['weekly', 'monthly']);
  });
});

describe('the name of a time zone', () => {
  test('is kept as it is written, in whatever case it came, and not as another name of the same zone', async () => {
    expect((await system.need('GET', '/api/v1/teams/zoned')).timezone).toBe('Asia/Kolkata');
    for (const [given, kept] of [
      ['EUROPE/berlin', 'Europe/Berlin'],
      ['america/port_of_spain', 'America/Port_of_Spain'],
      ['us/east-indiana', 'US/East-Indiana'],
      ['etc/gmt+5', 'Etc/GMT+5'],
    ])
      expect((await organization({ timezone: given })).timezone).toBe(kept);
  });
});
