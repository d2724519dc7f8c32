import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { type ChargeRow, chargeRows } from '../../../src/billing/export/rows.ts';
import { addAmounts, exactly } from '../../../src/platform/money.ts';
import { seededRandom } from '../../../src/billing/rules/projection/random.ts';
import { event, Office } from '../../usage/api/support/office.ts';
import { recordsOf } from '../support/parse-csv.ts';

const NOW = new Date('2026-11-16T10:30:00Z');
const EVENTS = 400;
const TEAMS = ['research', 'lab', 'berlin', 'pool'];
const ORGANIZATION = '/api/v1/organization/billing/export';
const RANGE = { from: '2026-09-20T07:13:00Z', to: '2026-11-17T00:00:00Z' };
const MANDATORY = [
  'BilledCost',
  'BillingAccountId',
  'BillingCurrency',
  'BillingPeriodEnd',
  'BillingPeriodStart',
  'ChargeCategory',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'ContractedCost',
  'EffectiveCost',
  'InvoiceIssuerName',
  'ListCost',
  'ProviderName',
  'PublisherName',
  'ServiceCategory',
  'ServiceName',
];
const MANDATORY_NULLABLE = ['BillingAccountName', 'ChargeClass', 'ChargeDescription', 'PricingQuantity', 'PricingUnit'];

let office: Office;

beforeAll(async () => {
  // Settings hold from when they are made on.
  let now = new Date('2026-09-01T00:00:00Z');
  office = await Office.open({ clock: { now: () => now } });
  const { system } = office;
  await system.need('POST', '/api/v1/teams', { id: 'pool', name: '=cmd|" /C calc"!A0' });
  await system.need('PUT', '/api/v1/teams/pool/billing/settings', {
    cost_allocation: { method: 'usage_based', shares: { research: 1, lab: 1, berlin: 1 } },
  });
  await system.need('PUT', '/api/v1/teams/research/billing/settings', {
    charge_back_method: 'fixed',
    charge_back_shares: { ONE: 1, TWO: 1, 'THREE, or more': 1 },
  });
  now = NOW;
  const random = seededRandom(11);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const events = Array.from({ length: EVENTS }, () => {
    const team = pick(TEAMS);
    const at = new Date(Date.parse('2026-09-20T00:00:00Z') + random() * 57 * 86_400_000);
    return event({
      team_id: team,
      user_id: pick(['ana', 'ben']),
      model: pick(['gpt-4o', 'gpt-4o-mini', 'unheard-of']),
      occurred_at: at.toISOString(),
      ...(random() < 0.7
        ? {
            cost: { value: (random() * 3).toFixed(12), currency: team === 'berlin' ? 'EUR' : 'USD' },
          }
        : {}),
    });
  });
  await office.report(events);
  // Prices come later: corrections are part of the ledger.
  await system.need('PUT', '/api/v1/organization/exchange-rates/USD/EUR', {
    rate: '0.9',
    effective_from: '2026-01-01T00:00:00Z',
  });
  await system.need('PUT', '/api/v1/organization/rates/openai/unheard-of', {
    currency: 'USD',
    per_million: { input_tokens: '3.7', output_tokens: '11.3' },
    effective_from: '2026-01-01T00:00:00Z',
  });
  await system.startWorker();
  await system.until(
    async () => (await office.rows(`select from countersign.ledger_lines where kind = 'pricing'`)).length > 50,
    'lines are priced',
  );
  await system.until(
    async () => (await office.rows(`select from countersign.outbox where channel = 'rating'`)).length === 0,
    'all of them',
  );
  await system.stopWorker();
});

afterAll(() => office?.close());

const post = (path: string, body: object, key?: string, headers?: Record<string, string>) =>
  office.system.api('POST', path, body, key, headers);

/** Sums by currency, without zeros at the end. */
function sums(rows: readonly (readonly [currency: string, amount: string])[]): Record<string, string> {
  const totals = new Map<string, ReturnType<typeof exactly>>();
  for (const [currency, amount] of rows)
    totals.set(currency, addAmounts(totals.get(currency) ?? exactly(0), exactly(amount)));
  return Object.fromEntries([...totals].toSorted().map(([currency, total]) => [currency, total.toFixed()]));
}

async function ledger(from: string, to: string, team?: string): Promise<Record<string, string>> {
  const rows = await office.rows<{ currency: string; cost: string }>(
    `select l.currency, l.cost::text as cost from countersign.ledger_lines l join countersign.teams t on t.id = l.team_id
     where l.occurred_at >= $1 and l.occurred_at < $2 and l.cost is not null and ($3::text is null or t.alias = $3)`,
    [from, to, team ?? null],
  );
  return sums(rows.map(({ currency, cost }) => [currency, cost]));
}

describe('an export of the organization', () => {
  test('adds up to the ledger to the last digit, corrections, pools and cost centres included', async () => {
    const { status, body, headers } = await post(ORGANIZATION, { format: 'csv', ...RANGE });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(headers.get('content-disposition')).toBe('attachment; filename="charges-2026-09-20-2026-11-16.csv"');
    const rows = recordsOf(body);
    expect(new Set(rows.map((row) => row['kind']))).toEqual(new Set(['usage', 'allocation', 'charge_back']));
    const [counted] = await office.rows<{ lines: number }>(
      `select count(*)::int as lines from countersign.ledger_lines where kind = 'usage'`,
    );
    expect(counted?.lines).toBe(EVENTS);
    const booked = await ledger(RANGE.from, RANGE.to);
    expect(Object.keys(booked)).toEqual(['EUR', 'USD']);
    expect(sums(rows.map((row) => [row['currency']!, row['amount']!]))).toEqual(booked);
    const usage = rows.filter((row) => row['kind'] === 'usage');
    expect(sums(usage.map((row) => [row['currency']!, row['amount']!]))).toEqual(booked);
  });

  test('leaves nothing with the pool, and all of a divided team’s cost with its cost centres', async () => {
    const rows = recordsOf((await post(ORGANIZATION, { format: 'csv', period: '2026-10' })).body);
    const of = (keep: (row: Record<string, string>) => boolean) =>
      sums(rows.filter(keep).map((row) => [row['currency']!, row['amount']!]));
    expect(of((row) => row['team_id'] === 'pool')).toEqual({ USD: '0' });
    const { charges } = await office.system.need('GET', '/api/v1/teams/research/billing?period=2026-10');
    for (const { cost_center: name, amount } of charges.cost_centers)
      expect(
        exactly(of((row) => row['team_id'] === 'research' && row['cost_center'] === name)['USD']!).equals(
          exactly(amount.value),
        ),
      ).toBe(true);
    expect(of((row) => row['team_id'] === 'research' && row['cost_center'] === '')).toEqual({ USD: '0' });
  });

  test('has the columns of FOCUS 1.2', async () => {
    const { body } = await post(ORGANIZATION, { format: 'focus', period: '2026-10' });
    const rows = recordsOf(body);
    for (const name of [...MANDATORY, ...MANDATORY_NULLABLE]) expect(rows[0]).toHaveProperty(name);
    for (const row of rows) {
      expect(MANDATORY.filter((name) => row[name] === '')).toEqual([]);
      expect(['Usage', 'Adjustment']).toContain(row['ChargeCategory']);
      expect((row['PricingUnit'] === '') === (row['PricingQuantity'] === '')).toBe(true);
      if (row['ChargeCategory'] === 'Usage') expect(row['PricingQuantity']).toMatch(/^\d+$/);
      expect(row['ChargePeriodStart']! >= row['BillingPeriodStart']!).toBe(true);
      expect(row['ChargePeriodEnd']! <= row['BillingPeriodEnd']!).toBe(true);
      expect(row['BillingPeriodStart']).toBe('2026-10-01T00:00:00Z');
    }
    const booked = await ledger('2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z');
    for (const cost of ['BilledCost', 'EffectiveCost', 'ListCost', 'ContractedCost'])
      expect(sums(rows.map((row) => [row['BillingCurrency']!, row[cost]!]))).toEqual(booked);
    const names = new Set(rows.filter((row) => row['SubAccountId'] === 'pool').map((row) => row['SubAccountName']));
    expect([...names]).toEqual([`'=cmd|" /C calc"!A0`]);
  });

  test('is one moment of the ledger, whatever is booked while it is read, and lets go where nobody reads on', async () => {
    const { core } = office.system;
    const organization = DEFAULT_ORGANIZATION;
    const [from, until] = [new Date('2026-11-01T00:00:00Z'), new Date('2026-12-01T00:00:00Z')];
    const scope = { organization, teams: null, from, until, calendar: { timezone: 'UTC', fiscalYearStart: '01-01' } };
    const read = () => core.work.readInPieces(organization, (em) => chargeRows(em, scope));
    const before = await ledger(from.toISOString(), until.toISOString());
    const rows: ChargeRow[] = [];
    for await (const row of read()) {
      if (rows.push(row) === 1)
        await office.report(
          TEAMS.map((team) =>
            event({ team_id: team, cost: { value: '1', currency: 'USD' }, occurred_at: '2026-11-15T00:00:00Z' }),
          ),
        );
    }
    expect(sums(rows.map(({ currency, amount }) => [currency, amount.toFixed()]))).toEqual(before);
    for await (const row of read()) if (row) break;
    const { totalCount, idleCount } = await core.database.poolUse();
    expect(idleCount).toBe(totalCount);
  });

  test('is on record', async () => {
    const { headers } = await post(ORGANIZATION, { format: 'json', period: '2026-10' });
    const entries = await office.rows<{ action: string }>(
      `select action from countersign.audit_entries where leaf::jsonb ->> 'request_id' = $1`,
      [headers.get('x-request-id')],
    );
    expect(entries).toEqual([{ action: 'billing.exported' }]);
  });
});

describe('an export of a team', () => {
  const TEAM = '/api/v1/teams/lab/analytics/export';

  test('has its charges, and its totals at the end', async () => {
    const { body, headers } = await post(TEAM, { format: 'json', period: '2026-10' });
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toMatchObject({ from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' });
    const usage = body.items.filter((item: { kind: string }) => item.kind === 'usage');
    const amounts = (items: { amount: { value: string; currency: string } }[]) =>
      sums(items.map(({ amount }) => [amount.currency, amount.value]));
    expect(amounts(usage)).toEqual(await ledger('2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z', 'lab'));
    expect(sums(body.totals.map(({ value, currency }: Record<string, string>) => [currency!, value!]))).toEqual(
      amounts(body.items),
    );
    const { charges } = await office.system.need('GET', '/api/v1/teams/lab/billing?period=2026-10');
    expect(body.totals).toEqual([charges.charged]);
    expect(new Set(body.items.map((item: { team_id: string }) => item.team_id))).toEqual(new Set(['lab']));
  });

  test('takes the teams below where that is asked for, and this month where nothing is said', async () => {
    const { body } = await post('/api/v1/teams/research/analytics/export', { format: 'json', descendants: true });
    expect(body.from).toBe('2026-11-01T00:00:00.000Z');
    expect(new Set(body.items.map((item: { team_id: string }) => item.team_id))).toEqual(new Set(['lab', 'research']));
  });

  test('is made again where the request is repeated with its key', async () => {
    const headers = { 'idempotency-key': 'export-1' };
    const [first, second] = [
      await post(TEAM, { format: 'csv', period: '2026-10' }, undefined, headers),
      await post(TEAM, { format: 'csv', period: '2026-10' }, undefined, headers),
    ];
    expect(second.body).toBe(first.body);
    expect(second.body.length).toBeGreaterThan(100);
    expect((await post(TEAM, { format: 'json' }, undefined, headers)).body.type).toBe('/problems/idempotency-conflict');
  });

  test.each([
    [{ format: 'parquet' }, 'format'],
    [{}, 'format'],
    [{ format: 'csv', period: '2026-13' }, 'period'],
    [{ format: 'csv', period: '2026-10', ...RANGE }, 'period'],
    [{ format: 'csv', from: RANGE.from }, 'period'],
    [{ format: 'csv', from: RANGE.to, to: RANGE.from }, 'to'],
    [{ format: 'csv', from: '2020-01-01T00:00:00Z', to: RANGE.to }, 'to'],
  ])('refuses %j', async (body, path) => {
    expect(await post(TEAM, body)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  test('is for those who may see the spending: of the team, or of all', async () => {
    const other = (await office.system.need('POST', '/api/v1/organizations', { name: 'Another' })).owner_key;
    const body = { format: 'csv' };
    for (const [path, key, status] of [
      [TEAM, office.keys['money'], 200],
      [TEAM, office.keys['ana'], 403],
      [TEAM, other, 404],
      ['/api/v1/teams/berlin/analytics/export', office.keys['money'], 403],
      [ORGANIZATION, office.keys['money'], 403],
      [ORGANIZATION, office.keys['service'], 403],
    ] as const)
      expect({ path, status: (await post(path, body, key)).status }).toEqual({ path, status });
    expect(recordsOf((await post(ORGANIZATION, body, other)).body)).toEqual([]);
  });
});
