import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { costSettingsAround, costSettingsOf } from '../../src/tenancy/service.ts';
import { startTestSystem, type TestSystem } from '../support/system.ts';

const FAR = new Date('2100-01-01T00:00:00Z');

let system: TestSystem;
const ids = new Map<string, string>();

beforeAll(async () => {
  system = await startTestSystem({ worker: false });
  const parents = {
    top: null,
    middle: 'top',
    leaf: 'middle',
    pool: null,
    sharer: null,
    other: null,
    stranger: 'other',
  };
  for (const [id, parent] of Object.entries(parents))
    await system.need('POST', '/api/v1/teams', { id, name: id, ...(parent ? { parent_team_id: parent } : {}) });
  for (const { id, alias } of await around([], costSettingsOf)) ids.set(alias, id);
  await put('pool', { cost_allocation: { shares: { leaf: 1, sharer: 2 } } });
  await put('middle', { cost_center: 'MIDDLE', approval_hierarchy: [{ role: 'finance', threshold: 5 }] });
  await put('other', { cost_allocation: { shares: { stranger: 1 } } });
});

afterAll(() => system?.stop());

const put = (team: string, body: object) => system.need('PUT', `/api/v1/teams/${team}/billing/settings`, body);

function around(teams: readonly string[], read: typeof costSettingsOf | null = null, until = FAR) {
  const named = teams.map((team) => ids.get(team) ?? '');
  return system.core.work.read(DEFAULT_ORGANIZATION, (em) =>
    read ? read(em, DEFAULT_ORGANIZATION, until) : costSettingsAround(em, DEFAULT_ORGANIZATION, named, until),
  );
}

const aliases = async (teams: readonly string[]) => (await around(teams)).map(({ alias }) => alias).toSorted();

describe('what is read to say who bears a cost', () => {
  test('is the teams, what is above them, the pools that they share, and who else shares those', async () => {
    expect(await aliases(['leaf'])).toEqual(['leaf', 'middle', 'pool', 'sharer', 'top']);
    expect(await aliases(['middle'])).toEqual(['middle', 'top']);
    expect(await aliases(['pool'])).toEqual(['leaf', 'pool', 'sharer']);
    expect(await aliases(['other', 'stranger'])).toEqual(['other', 'stranger']);
  });

  test('says the same of them as reading everything does', async () => {
    const all = new Map((await around([], costSettingsOf)).map((team) => [team.alias, team]));
    expect(all.size).toBe(7);
    expect(all.get('pool')?.pool).toEqual({ method: 'usage_based', shares: { leaf: 1, sharer: 2 } });
    expect(all.get('middle')).toMatchObject({ costCenter: 'MIDDLE', parent: ids.get('top'), pool: null });
    for (const team of await around(['leaf'])) expect(team).toEqual(all.get(team.alias));
  });

  test('is what held at a moment', async () => {
    const before = new Date();
    await put('pool', { cost_allocation: { shares: { leaf: null, other: 1 } } });
    const shares = async (until: Date) =>
      (await around(['pool'], null, until)).find(({ alias }) => alias === 'pool')?.pool?.shares;
    expect(await shares(FAR)).toEqual({ sharer: 2, other: 1 });
    expect(await shares(before)).toEqual({ leaf: 1, sharer: 2 });
    expect(await shares(new Date(0))).toBeUndefined();
  });

  test('is kept once for each change of it, and for no other change', async () => {
    const versions = async () =>
      system.core.work.read(DEFAULT_ORGANIZATION, (em) =>
        em.execute<{ settings: object }[]>(
          `select v.settings from countersign.cost_settings_versions v where v.team_id = ? order by v.version`,
          [ids.get('sharer')],
        ),
      );
    await put('sharer', { monthly_budget: 5, budget_alerts: { warning_threshold: 70 } });
    expect(await versions()).toEqual([]);
    await put('sharer', { cost_center: 'A' });
    await put('sharer', { cost_center: 'A', charge_back_method: null });
    await put('sharer', { cost_center: null });
    expect((await versions()).map(({ settings }) => settings)).toEqual([{ cost_center: 'A' }, {}]);
  });
});
