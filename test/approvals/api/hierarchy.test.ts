import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asked, House, stage, TEAM } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({});
  await house.team('company');
  await house.team('sales', { parent_team_id: 'company' });
  await house.team('lab', { parent_team_id: 'company' });
  await house.team('berlin', { parent_team_id: 'company', currency: 'EUR' });
  await house.team('berlin-lab', { parent_team_id: 'berlin' });
  await house.person('seller', ['member'], { team: 'sales' });
  await house.person('sales-manager', ['manager'], { team: 'sales' });
  await house.person('company-manager', ['manager'], { team: 'company' });
  await house.person('company-director', ['director'], { team: 'company' });
  await house.personOfOrganization('president', ['vp']);
  await settings('company', {
    approval_hierarchy: [
      { role: 'vp', threshold: 10000 },
      { role: 'manager', threshold: 500 },
      { role: 'director', threshold: '2000' },
    ],
  });
  await settings('lab', {
    approval_hierarchy: [
      { role: 'manager', threshold: 500 },
      { role: 'director', threshold: 2000 },
    ],
    approval_hierarchy_mode: 'authority',
  });
});

afterAll(() => house?.close());

function settings(team: string, change: Record<string, unknown>) {
  return house.api.need('PUT', `/api/v1/teams/${team}/billing/settings`, change);
}

function of(team: string, value: string, currency = 'USD') {
  return { team_id: team, requester_id: 'seller', amount: { value, currency } };
}

describe('a cumulative hierarchy', () => {
  test.each([
    ['500', [['sales-manager']]],
    ['500.000000000001', [['sales-manager']]],
    ['1999.99', [['sales-manager']]],
    ['2000', [['sales-manager'], ['company-director']]],
    ['9999.999999999999', [['sales-manager'], ['company-director']]],
    ['10000', [['sales-manager'], ['company-director'], ['president']]],
    ['999999999999999', [['sales-manager'], ['company-director'], ['president']]],
  ])(
    'asks for %s every role from its threshold on, lowest first, and preview says so before',
    async (value, expected) => {
      const preview = await house.preview(null, of('sales', value));
      const made = await house.ask(null, of('sales', value));
      expect(asked(preview)).toEqual(expected);
      expect(asked(made)).toEqual(expected);
      expect(preview).toMatchObject({ problems: [], outcome: null });
      expect(made.stages.map((one: { state: string }) => one.state)).toEqual([
        'open',
        ...expected.slice(1).map(() => 'waiting'),
      ]);
    },
  );

  test.each(['0', '499.99', '499.999999999999'])('approves %s at once, and says so', async (value) => {
    const preview = await house.preview(null, of('sales', value));
    const made = await house.ask(null, of('sales', value));
    const reason = 'Approved at once: the amount is below 500.00, from which on somebody has to agree.';
    expect(preview).toMatchObject({ problems: [], outcome: reason });
    expect(made).toMatchObject({ state: 'approved', outcome_reason: reason });
    expect(made.decided_at).not.toBeNull();
    expect(await house.timelineTypes(made.id)).toEqual(['created', 'approved']);
  });

  test('opens its stages one after another', async () => {
    const { id } = await house.ask(null, of('sales', '12000'));
    for (const [index, user] of ['sales-manager', 'company-director', 'president'].entries()) {
      expect((await house.decide(id, 'president')).status).toBe(index < 2 ? 403 : 200);
      if (index < 2) expect(await house.decide(id, user)).toMatchObject({ status: 200, body: { state: 'pending' } });
    }
    expect(await house.api.read(id)).toMatchObject({ state: 'approved', outcome_reason: 'Approved by all 3 stages.' });
  });
});

describe('a hierarchy of authority', () => {
  test.each([
    ['0', [['company-manager']]],
    ['500', [['company-manager']]],
    ['500.01', [['company-director']]],
    ['2000', [['company-director']]],
  ])('asks for %s the lowest role that may approve it alone', async (value, expected) => {
    expect(asked(await house.preview(null, of('lab', value)))).toEqual(expected);
    expect(asked(await house.ask(null, of('lab', value)))).toEqual(expected);
  });

  test('refuses what nobody may approve', async () => {
    const answer = await house.tryToAsk(null, of('lab', '2000.01'));
    expect(answer).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ path: 'amount' }] },
    });
    expect(answer.body.errors[0].message).toContain('2000.00');
    expect((await house.preview(null, of('lab', '2000.01'))).problems).toMatchObject([{ code: 'above-all-authority' }]);
  });
});

describe('never approved by silence:', () => {
  test('without a chain and without a hierarchy anywhere, a request is refused', async () => {
    expect(await house.tryToAsk(null, { amount: { value: '1', currency: 'USD' } })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'chain' }] },
    });
  });

  test('with a hierarchy, but without an amount, a request is refused', async () => {
    const { amount: _, ...without } = of('sales', '1');
    expect(await house.tryToAsk(null, without)).toMatchObject({ status: 400, body: { errors: [{ path: 'amount' }] } });
  });

  test('where nobody holds a role that must agree, a request is refused', async () => {
    await settings('sales', { approval_hierarchy: [{ role: 'compliance_officer', threshold: 0 }] });
    const answer = await house.tryToAsk(null, of('sales', '10'));
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'chain' }] } });
    expect(answer.body.errors[0].message).toContain('compliance officer');
    await settings('sales', { approval_hierarchy: null });
    expect(asked(await house.ask(null, of('sales', '600')))).toEqual([['sales-manager']]);
  });
});

describe('settings', () => {
  test('are inherited, one by one, and say so', async () => {
    expect(await house.api.need('GET', '/api/v1/teams/sales/billing/settings')).toMatchObject({
      approval_hierarchy_mode: 'cumulative',
      inherited: { approval_hierarchy: true, approval_hierarchy_mode: true },
      approval_hierarchy: [
        { role: 'vp', threshold: 10000 },
        { role: 'manager', threshold: 500 },
        { role: 'director', threshold: 2000 },
      ],
    });
    expect(await house.api.need('GET', '/api/v1/teams/lab/billing/settings')).toMatchObject({
      approval_hierarchy_mode: 'authority',
      inherited: { approval_hierarchy: false },
    });
  });

  test('a chain that the request brings goes before the hierarchy', async () => {
    expect(asked(await house.ask([stage(['president'])], of('sales', '12000')))).toEqual([['president']]);
  });

  test('amounts are in the currency of the team, or of the nearest team above that has one', async () => {
    expect(await house.tryToAsk(null, of('berlin-lab', '600', 'USD'))).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'amount.currency', message: 'must be EUR, the currency of this team' }] },
    });
    expect(await house.ask(null, of('berlin-lab', '600', 'EUR'))).toMatchObject({
      amount: { value: '600.00', currency: 'EUR' },
    });
    expect(
      await house.tryToAsk([stage(['president'])], { team_id: TEAM, amount: { value: '1', currency: 'EUR' } }),
    ).toMatchObject({ status: 400 });
  });
});
