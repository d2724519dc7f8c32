import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { House, problem, stage } from '../approvals/api/support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({ a: ['member'], lead: ['admin'], money: ['finance'] });
});

afterAll(() => house?.close());

function refusedAt(...paths: string[]) {
  return {
    status: 400,
    body: {
      ...problem('invalid-request'),
      errors: expect.arrayContaining(paths.map((path) => expect.objectContaining({ path }))),
    },
  };
}

describe('a team', () => {
  test('has an id of the caller’s choice, once, or one of the server’s', async () => {
    expect(await house.api.call('POST', '/api/v1/teams', { id: 'one', name: 'One' })).toMatchObject({
      status: 201,
      body: { id: 'one', name: 'One', parent_team_id: null, timezone: null, currency: null },
    });
    expect(await house.api.call('POST', '/api/v1/teams', { id: 'one', name: 'Again' })).toMatchObject({
      status: 409,
      body: problem('already-exists'),
    });
    const { body } = await house.api.call('POST', '/api/v1/teams', { name: 'Without' });
    expect(await house.api.need('GET', `/api/v1/teams/${body.id}`)).toEqual(body);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ name: '' }, 'name'],
    [{ name: 'x', id: 'a b' }, 'id'],
    [{ name: 'x', id: '.' }, 'id'],
    [{ name: 'x', id: '..' }, 'id'],
    [{ name: 'x', currency: 'XQZ' }, 'currency'],
    [{ name: 'x', timezone: 'Mars/Olympus' }, 'timezone'],
    [{ name: 'x', timezone: '+02:00' }, 'timezone'],
    [{ name: 'x', colour: 'red' }, 'colour'],
  ])('is refused as %j', async (body, path) => {
    expect(await house.api.call('POST', '/api/v1/teams', body)).toMatchObject(refusedAt(path));
  });

  test('below a team that is not there is not found, and the place is named', async () => {
    expect(await house.api.call('POST', '/api/v1/teams', { name: 'x', parent_team_id: 'nowhere' })).toMatchObject({
      status: 404,
      body: { ...problem('not-found'), errors: [{ path: 'parent_team_id' }] },
    });
  });

  test('stands at most twenty deep', async () => {
    for (let depth = 1; depth <= 20; depth += 1)
      await house.team(`deep-${depth}`, depth > 1 ? { parent_team_id: `deep-${depth - 1}` } : {});
    expect(await house.api.call('POST', '/api/v1/teams', { name: 'x', parent_team_id: 'deep-20' })).toMatchObject(
      refusedAt('parent_team_id'),
    );
  });
});

describe('a calendar', () => {
  const office = {
    timezone: 'Europe/Berlin',
    days: ['mon', 'tue'],
    hours: { from: '09:00', to: '17:00' },
    holidays: ['2031-12-25'],
  };

  test('is stored as a new version each time; deadlines keep the one they were counted with', async () => {
    expect(await house.api.need('PUT', '/api/v1/calendars/office', office)).toMatchObject({
      name: 'office',
      version: 1,
      ...office,
    });
    const { id, stages } = await house.ask([stage(['a'], { timeout: 'P2D', calendar: 'office' })]);
    expect(
      await house.api.need('PUT', '/api/v1/calendars/office', { ...office, days: ['fri'], holidays: [] }),
    ).toMatchObject({ version: 2, days: ['fri'] });
    expect(await house.api.need('GET', '/api/v1/calendars/office')).toMatchObject({ version: 2 });
    expect((await house.api.read(id)).stages[0].deadline_at).toBe(stages[0].deadline_at);
    expect(
      new Date(
        (await house.ask([stage(['a'], { timeout: 'P2D', calendar: 'office' })])).stages[0].deadline_at,
      ).getUTCDay(),
    ).toBe(5);
  });

  test('that is the organization’s default counts where a stage names none', async () => {
    expect(await house.api.call('PUT', '/api/v1/organization/settings', { default_calendar: 'nowhere' })).toMatchObject(
      refusedAt('default_calendar'),
    );
    await house.api.need('PUT', '/api/v1/organization/settings', { default_calendar: 'office' });
    expect(new Date((await house.ask([stage(['a'], { timeout: 'P1D' })])).stages[0].deadline_at).getUTCDay()).toBe(5);
    await house.api.need('PUT', '/api/v1/organization/settings', { default_calendar: null });
  });

  test.each<[Record<string, unknown>, string]>([
    [{ days: [] }, 'days'],
    [{ days: ['mon', 'mon'] }, 'days'],
    [{ days: ['someday'] }, 'days.0'],
    [{ hours: { from: '17:00', to: '09:00' } }, 'hours'],
    [{ hours: { from: '9:00', to: '17:00' } }, 'hours.from'],
    [{ holidays: ['2031-02-30'] }, 'holidays.0'],
    [{ timezone: 'Nowhere' }, 'timezone'],
    [{ country: 'DE' }, 'country'],
  ])('is refused with %j', async (change, path) => {
    expect(await house.api.call('PUT', '/api/v1/calendars/office', { ...office, ...change })).toMatchObject(
      refusedAt(path),
    );
  });

  test('so sparse that a time-out would never come is refused where it is used', async () => {
    await house.api.need('PUT', '/api/v1/calendars/sparse', {
      ...office,
      days: ['mon'],
      hours: { from: '09:00', to: '09:01' },
      holidays: [],
    });
    expect(await house.tryToAsk([stage(['a'], { timeout: 'PT24H', calendar: 'sparse' })])).toMatchObject(
      refusedAt('chain.stages.0.calendar'),
    );
  });

  test('is listed in its newest version, page by page', async () => {
    await house.api.need('PUT', '/api/v1/calendars/first', office);
    const newest = await house.api.need('PUT', '/api/v1/calendars/first', { ...office, days: ['wed'] });
    const last = await house.api.need('PUT', '/api/v1/calendars/last', office);
    const { items } = await house.api.need('GET', '/api/v1/calendars?limit=200', undefined, house.key('a'));
    expect(items.filter(({ name }: { name: string }) => ['first', 'last'].includes(name))).toEqual([newest, last]);
    const paged: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: unknown[]; next_cursor: string | null } = await house.api.need(
        'GET',
        `/api/v1/calendars?limit=1&cursor=${cursor}`,
      );
      paged.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(items);
  });

  test('and settings are changed by admins of the organization only', async () => {
    for (const user of ['a', 'lead', 'money']) {
      expect((await house.api.call('PUT', '/api/v1/calendars/office', office, house.key(user))).status).toBe(403);
      expect(
        (await house.api.call('PUT', '/api/v1/organization/settings', { timezone: 'UTC' }, house.key(user))).status,
      ).toBe(403);
    }
  });
});

describe('the organization’s settings', () => {
  test('are merged, and protected from a concurrent change by If-Match', async () => {
    const read = await house.api.call('GET', '/api/v1/organization/settings');
    const tag = read.headers.get('etag') ?? '';
    const change = (body: unknown, ifMatch: string) =>
      house.api.call('PUT', '/api/v1/organization/settings', body, undefined, { 'if-match': ifMatch });
    const changed = await change({ timezone: 'Europe/Berlin' }, tag);
    expect(changed).toMatchObject({ status: 200, body: { ...read.body, timezone: 'Europe/Berlin' } });
    expect(await change({ timezone: 'UTC' }, tag)).toMatchObject({ status: 412, body: problem('precondition-failed') });
    expect(await change({ fiscal_year_start: '04-01' }, changed.headers.get('etag') ?? '')).toMatchObject({
      status: 200,
      body: { timezone: 'Europe/Berlin', fiscal_year_start: '04-01' },
    });
  });

  test.each<[Record<string, unknown>, string]>([
    [{ timezone: 'Nowhere' }, 'timezone'],
    [{ fiscal_year_start: '02-30' }, 'fiscal_year_start'],
    [{ fiscal_year_start: '4-1' }, 'fiscal_year_start'],
    [{ step_up_amount: { value: '-5', currency: 'USD' } }, 'step_up_amount.value'],
    [{ colour: 'red' }, 'colour'],
  ])('are refused as %j', async (body, path) => {
    expect(await house.api.call('PUT', '/api/v1/organization/settings', body)).toMatchObject(refusedAt(path));
  });
});

describe('billing settings', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ approval_hierarchy: [] }, 'approval_hierarchy'],
    [
      {
        approval_hierarchy: [
          { role: 'manager', threshold: 1 },
          { role: 'manager', threshold: 2 },
        ],
      },
      'approval_hierarchy',
    ],
    [{ approval_hierarchy: [{ role: 'manager', threshold: -1 }] }, 'approval_hierarchy.0.threshold'],
    [{ approval_hierarchy: [{ role: 'emperor', threshold: 1 }] }, 'approval_hierarchy.0.role'],
    [{ approval_hierarchy_mode: 'sometimes' }, 'approval_hierarchy_mode'],
  ])('are refused as %j', async (body, path) => {
    expect(await house.api.call('PUT', '/api/v1/teams/research/billing/settings', body)).toMatchObject(refusedAt(path));
  });

  test('are changed by finance and admins of the team, with If-Match where they want', async () => {
    const path = '/api/v1/teams/research/billing/settings';
    const body = { approval_hierarchy: [{ role: 'manager', threshold: 100 }] };
    expect((await house.api.call('PUT', path, body, house.key('a'))).status).toBe(403);
    const tag = (await house.api.call('GET', path, undefined, house.key('money'))).headers.get('etag') ?? '';
    expect((await house.api.call('PUT', path, body, house.key('money'), { 'if-match': tag })).status).toBe(200);
    expect((await house.api.call('PUT', path, body, house.key('money'), { 'if-match': tag })).status).toBe(412);
    expect((await house.api.call('PUT', path, { approval_hierarchy: null }, house.key('lead'))).status).toBe(200);
  });
});
