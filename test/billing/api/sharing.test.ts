import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { event, Office } from '../../usage/api/support/office.ts';

const NOW = new Date('2026-11-16T10:30:00Z');
const usd = (value: string) => ({ value, currency: 'USD' });
let office: Office;

beforeAll(async () => {
  office = await Office.open({ clock: { now: () => NOW } });
  for (const id of ['platform', 'search', 'ads'])
    await office.system.need('POST', '/api/v1/teams', { id, name: `Team ${id}` });
  await office.report([
    event({ team_id: 'platform', cost: usd('100'), occurred_at: '2026-11-02T00:00:00Z' }),
    event({ team_id: 'search', cost: usd('30'), occurred_at: '2026-11-02T00:00:00Z' }),
    event({ team_id: 'ads', cost: usd('10'), occurred_at: '2026-11-02T00:00:00Z' }),
  ]);
});

afterAll(() => office?.close());

const settings = (team: string, body: object) =>
  office.system.api('PUT', `/api/v1/teams/${team}/billing/settings`, body);
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
