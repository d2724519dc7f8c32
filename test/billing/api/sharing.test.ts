import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { event, Office } from '../../usage/api/support/office.ts';

let now = new Date('2026-11-16T10:30:00Z');
const usd = (value: string) => ({ value, currency: 'USD' });
let office: Office;

beforeAll(async () => {
  office = await Office.open({ clock: { now: () => now } });
  for (const id of ['platform', 'search', 'ads'])
    await office.system.need('POST', '/api/v1/teams', { id, name: `Team ${id}` });
  await office.report([
    event({ team_id: 'platform', cost: usd('100'), occurred_at: '2026-11-02T00:00:00Z' }),
    event({ team_id: 'search', cost: usd('30'), occurred_at: '2026-11-02T00:00:00Z' }),
    event({ team_id: 'ads', cost: usd('10'), occurred_at: '2026-11-02T00:00:00Z' }),
  ]);
});

afterAll(() => office?.close());

const settings = (team: string, body: object, key?: string) =>
  office.system.api('PUT', `/api/v1/teams/${team}/billing/settings`, body, key);
const charges = async (team: string) => (await office.system.need('GET', `/api/v1/teams/${team}/billing`)).charges;
const charged = async () =>
  Object.fromEntries(
    await Promise.all(
      ['platform', 'search', 'ads'].map(async (team) => [team, (await charges(team)).charged.value] as const),
    ),
  );

describe('a shared pool', () => {
  test('hands its cost on by fixed shares', async () => {
    await settings('platform', { cost_allocation: { method: 'fixed', shares: { search: 2, ads: 1 } } });
    expect(await charged()).toEqual({ platform: '0.00', search: '96.666666666667', ads: '43.333333333333' });
    expect((await charges('ads')).allocations).toEqual([
      { from_team_id: 'platform', to_team_id: 'ads', method: 'fixed', amount: usd('33.333333333333') },
    ]);
    expect((await charges('platform')).allocations).toHaveLength(2);
  });

  test('hands it on by what the others have spent, or evenly', async () => {
    await settings('platform', { cost_allocation: { method: 'usage_based' } });
    expect(await charged()).toEqual({ platform: '0.00', search: '105.00', ads: '35.00' });
    await settings('platform', { cost_allocation: { method: 'even' } });
    expect(await charged()).toEqual({ platform: '0.00', search: '80.00', ads: '60.00' });
  });

  test('keeps a part where it names itself, and gives a team up that is taken back', async () => {
    await settings('platform', { cost_allocation: { method: 'fixed', shares: { platform: 1, search: null } } });
    expect(await charged()).toEqual({ platform: '50.00', search: '30.00', ads: '60.00' });
    await settings('platform', { cost_allocation: null });
    expect(await charged()).toEqual({ platform: '100.00', search: '30.00', ads: '10.00' });
  });

  test('is not shared with a team that there is none of', async () => {
    expect(await settings('platform', { cost_allocation: { shares: { nobody: 1 } } })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'cost_allocation.shares.nobody' }] },
    });
    expect(await settings('platform', { cost_allocation: { shares: { search: -1 } } })).toMatchObject({ status: 400 });
  });

  test('is not shared by nothing, nor among more than 200, by several changes together either', async () => {
    const refused = (path: string) => ({ status: 400, body: { errors: [{ path }] } });
    const nothing = { method: 'fixed', shares: { search: 0, ads: 0 } };
    expect(await settings('platform', { cost_allocation: nothing })).toMatchObject(refused('cost_allocation.shares'));
    expect(await settings('platform', { charge_back_method: 'fixed', charge_back_shares: { A: 0 } })).toMatchObject(
      refused('charge_back_shares'),
    );
    await office.system.need('PUT', '/api/v1/teams/platform/billing/settings', {
      charge_back_shares: { A: 0 },
      charge_back_method: 'even',
    });
    expect(await settings('platform', { charge_back_method: 'fixed' })).toMatchObject(refused('charge_back_shares'));
    const centers = (from: number) =>
      Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`center-${from + index}`, 1]));
    expect((await settings('platform', { charge_back_shares: centers(0) })).status).toBe(200);
    expect(await settings('platform', { charge_back_shares: centers(150) })).toMatchObject(
      refused('charge_back_shares'),
    );
    await settings('platform', { charge_back_shares: null, charge_back_method: null });
  });
});

describe('a cost that others bear', () => {
  const keys: Record<string, string> = {};

  beforeAll(async () => {
    const { system } = office;
    await system.need('POST', '/api/v1/teams', { id: 'group', name: 'Group' });
    for (const id of ['tools', 'sales', 'hr'])
      await system.need('POST', '/api/v1/teams', { id, name: id, parent_team_id: id === 'hr' ? undefined : 'group' });
    for (const team of ['tools', 'sales', 'group'])
      keys[team] = await system.person(team, `finance-of-${team}`, ['finance']);
  });

  test('is put on nobody but by those who manage billing there as well', async () => {
    const share = (shares: object, key?: string) => settings('tools', { cost_allocation: { shares } }, key);
    expect(await share({ sales: 1, hr: 1 }, keys['tools'])).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('sales, hr') },
    });
    expect((await share({ tools: 1 }, keys['tools'])).status).toBe(200);
    expect(await share({ sales: 1, hr: 1 }, keys['group'])).toMatchObject({
      status: 403,
      body: { detail: expect.stringMatching(/ in hr as well/) },
    });
    expect((await share({ sales: 1 }, keys['group'])).status).toBe(200);
    expect((await share({ hr: 1 })).status).toBe(200);
  });

  test('stays as it was agreed, whoever would change it', async () => {
    for (const change of [{ method: 'fixed' }, { shares: { sales: 9 } }, { shares: { hr: null } }])
      expect((await settings('tools', { cost_allocation: change }, keys['tools'])).status).toBe(403);
    for (const change of [{ cost_center: 'TOOLS' }, { cost_allocation: { shares: { sales: 1 } } }])
      expect((await settings('tools', change, keys['tools'])).status).toBe(200);
    expect((await settings('tools', { cost_allocation: null }, keys['tools'])).status).toBe(200);
  });

  test('shows what others have spent to nobody by being divided among cost centres', async () => {
    const divide = (body: object, key?: string) =>
      settings('sales', { charge_back_shares: { SEARCH: 1, ADS: 1 }, ...body }, key);
    expect((await divide({}, keys['sales'])).status).toBe(403);
    expect((await divide({ charge_back_method: 'usage_based' }, keys['group'])).status).toBe(403);
    expect((await divide({ charge_back_method: 'even' }, keys['sales'])).status).toBe(200);
    expect((await settings('sales', { charge_back_method: 'usage_based' }, keys['sales'])).status).toBe(403);
    expect((await divide({ charge_back_method: 'usage_based' })).status).toBe(200);
    expect((await settings('sales', { charge_back_method: null }, keys['sales'])).status).toBe(200);
    expect((await settings('sales', { charge_back_shares: null }, keys['sales'])).status).toBe(200);
  });
});

describe('cost centres', () => {
  const centers = async (team: string) =>
    Object.fromEntries(
      (await charges(team)).cost_centers.map(
        ({ cost_center: name, amount }: { cost_center: string | null; amount: { value: string } }) => [
          name,
          amount.value,
        ],
      ),
    );

  test('are the team’s own, or the nearest parent’s', async () => {
    expect(await centers('search')).toEqual({ null: '30.00' });
    await settings('research', { cost_center: 'R&D' });
    await office.report([event({ team_id: 'lab', cost: usd('4'), occurred_at: '2026-11-02T00:00:00Z' })]);
    expect(await centers('lab')).toEqual({ 'R&D': '4.00' });
    await settings('lab', { cost_center: 'LAB' });
    expect(await centers('lab')).toEqual({ LAB: '4.00' });
  });

  test('share a team’s cost by fixed shares, evenly, or by what their teams have spent', async () => {
    await settings('search', { cost_center: 'SEARCH' });
    await settings('ads', { cost_center: 'ADS' });
    await settings('platform', { charge_back_method: 'fixed', charge_back_shares: { SEARCH: 1, ADS: 2 } });
    expect(await centers('platform')).toEqual({ ADS: '66.666666666667', SEARCH: '33.333333333333' });
    await settings('platform', { charge_back_method: 'even' });
    expect(await centers('platform')).toEqual({ ADS: '50.00', SEARCH: '50.00' });
    await settings('platform', { charge_back_method: 'usage_based' });
    expect(await centers('platform')).toEqual({ SEARCH: '75.00', ADS: '25.00' });
    expect((await office.system.need('GET', '/api/v1/teams/platform/billing/settings')).charge_back_shares).toEqual({
      SEARCH: 1,
      ADS: 2,
    });
  });
});

describe('a month that is over', () => {
  test('is charged as settings were at its end, whatever they say by now', async () => {
    await settings('platform', {
      cost_allocation: { method: 'fixed', shares: { search: 3, ads: 1 } },
      cost_center: 'NOVEMBER',
      charge_back_shares: null,
    });
    const inNovember = await charged();
    const exported = async (period: string) =>
      (await office.system.api('POST', '/api/v1/organization/billing/export', { format: 'csv', period })).body;
    const booked = await exported('2026-11');
    now = new Date('2026-12-02T00:00:00Z');
    await settings('platform', { cost_allocation: { method: 'even' }, cost_center: 'DECEMBER' });
    await office.report(
      ['platform', 'search', 'ads'].map((team_id) =>
        event({ team_id, cost: usd('2'), occurred_at: '2026-12-01T00:00:00Z' }),
      ),
    );
    expect(await exported('2026-11')).toBe(booked);
    const november = await office.system.need('GET', '/api/v1/teams/search/billing?period=2026-11');
    expect(november.charges.charged.value).toBe(inNovember['search']);
    expect(november.charges.allocations).toMatchObject([{ method: 'fixed', amount: usd('75.00') }]);
    expect(await charged()).toEqual({ platform: '0.00', search: '3.00', ads: '3.00' });
    expect((await exported('2026-12')).split('\r\n').filter((row: string) => row.includes('DECEMBER'))).toHaveLength(3);
    expect(booked).not.toContain('DECEMBER');
  });
});
