import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { House, problem } from '../approvals/api/support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({});
  await house.team('branch', { parent_team_id: 'research' });
  await house.team('leaf', { parent_team_id: 'branch' });
});

afterAll(() => house?.close());

const billing = (team: string) => `/api/v1/teams/${team}/billing/settings`;

describe('an approval hierarchy', () => {
  const parents = [{ role: 'manager', threshold: 500 }];
  const own = [{ role: 'director', threshold: 100 }];

  test('is inherited as a whole, its mode with it', async () => {
    await house.api.need('PUT', billing('research'), {
      approval_hierarchy: parents,
      approval_hierarchy_mode: 'authority',
    });
    expect(await house.api.need('GET', billing('leaf'))).toMatchObject({
      approval_hierarchy: parents,
      approval_hierarchy_mode: 'authority',
      inherited: { approval_hierarchy: true, approval_hierarchy_mode: true },
    });
  });

  test('of a team’s own has nothing of the parent’s', async () => {
    await house.api.need('PUT', billing('branch'), { approval_hierarchy: own });
    const inherited = { approval_hierarchy: true, approval_hierarchy_mode: true };
    expect(await house.api.need('GET', billing('branch'))).toMatchObject({
      approval_hierarchy: own,
      approval_hierarchy_mode: 'cumulative',
      inherited: { ...inherited, approval_hierarchy: false },
    });
    expect(await house.api.need('GET', billing('leaf'))).toMatchObject({
      approval_hierarchy: own,
      approval_hierarchy_mode: 'cumulative',
      inherited,
    });
  });

  test('is not turned into another by a mode that stands alone', async () => {
    expect(await house.api.need('PUT', billing('leaf'), { approval_hierarchy_mode: 'authority' })).toMatchObject({
      approval_hierarchy_mode: 'cumulative',
      inherited: { approval_hierarchy_mode: true },
    });
    expect(await house.api.need('PUT', billing('leaf'), { approval_hierarchy: parents })).toMatchObject({
      approval_hierarchy: parents,
      approval_hierarchy_mode: 'authority',
      inherited: { approval_hierarchy_mode: false },
    });
  });
});

describe('a calendar', () => {
  const path = '/api/v1/calendars/office';
  const calendar = { timezone: 'Europe/Berlin', days: ['mon'], hours: { from: '09:00', to: '17:00' } };
  const put = (days: string[], ifMatch?: string) =>
    house.api.call('PUT', path, { ...calendar, days }, undefined, ifMatch === undefined ? {} : { 'if-match': ifMatch });

  test('is protected from a concurrent change by If-Match', async () => {
    const made = await put(['mon']);
    const read = await house.api.call('GET', path);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(read.headers.get('etag')).toBe('"1"');
    const changed = await put(['tue'], '"1"');
    expect(changed).toMatchObject({ status: 200, body: { version: 2, days: ['tue'] } });
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(await put(['wed'], '"1"')).toMatchObject({ status: 412, body: problem('precondition-failed') });
    expect(await house.api.need('GET', path)).toMatchObject({ version: 2, days: ['tue'] });
  });

  test('is changed by one of many who read the same version', async () => {
    const tag = (await house.api.call('GET', path)).headers.get('etag') ?? '';
    const answers = await Promise.all(['mon', 'tue', 'wed', 'thu'].map((day) => put([day], tag)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
  });

  test('that has not changed is not sent again', async () => {
    const tag = (await house.api.call('GET', path)).headers.get('etag') ?? '';
    expect((await house.api.call('GET', path, undefined, undefined, { 'if-none-match': tag })).status).toBe(304);
  });
});
