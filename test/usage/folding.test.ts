import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addAmounts, exactly } from '../../src/platform/money.ts';
import { TOKEN_COLUMNS } from '../../src/usage/rules/token-kinds.ts';
import { LATENCY_BUCKET_COUNT } from '../../src/usage/rules/latency.ts';
import { ALL_OTHERS, sumUsage, sumUsageInWays, type UsageSums } from '../../src/usage/service.ts';
import { event, Office } from './api/support/office.ts';

const DAY = 86_400_000;
const FROM = new Date(Math.floor(Date.now() / DAY) * DAY - 3 * DAY);
const TO = new Date(FROM.getTime() + 3 * DAY);
let office: Office;
let organization: string;
let team: string;

/** Rollups of 60 providers, 400 models and 1,200 people, in two currencies; some models differ in their name alone. */
beforeAll(async () => {
  office = await Office.open();
  await office.report([event({ cost: { value: '1', currency: 'USD' } })]);
  const [row] = await office.rows<{ organization: string; team: string }>(
    'delete from countersign.usage_days returning organization_id as organization, team_id as team',
  );
  ({ organization, team } = row!);
  const people = Array.from({ length: 1_200 }, () => randomUUID());
  const columns = ['team_id', 'day', 'person_id', 'provider', 'model', 'currency', 'cost'];
  const counts = ['events', 'failures', 'unpriced', ...TOKEN_COLUMNS, 'latency_count', 'latency_sum'];
  for (const currency of ['USD', 'EUR'])
    await office.rows(
      `insert into countersign.usage_days (organization_id, latency_buckets, ${[...columns, ...counts].join(', ')})
       select $1, array_fill(n::bigint, array[${LATENCY_BUCKET_COUNT}]), $2, $3::timestamptz, ($4::uuid[])[1 + n], 'provider-' || n % 60, 'model-' || n % 400, $5,
         ((n * 7919) % 401)::numeric + 0.000000000001, ${counts.map((_, index) => `n % ${index + 2} + 1`).join(', ')}
       from generate_series(0, 1199) n`,
      [organization, team, FROM, people, currency],
    );
});

afterAll(() => office?.close());

const scope = () => ({ organization, teams: null, from: FROM, to: TO });

const MOST: Record<string, number> = { provider: 50, model: 200, person: 1_000 };

interface Group {
  readonly keys: readonly string[];
  readonly currency: string;
  readonly figures: readonly string[];
}

/** Of all sums, in this process: the dearest by name, and what the others add up to. */
function foldedHere(sums: readonly UsageSums[], dimensions: readonly string[]): Group[] {
  const named = new Set<string>();
  for (const [index, dimension] of dimensions.entries()) {
    const byKeys = Map.groupBy(sums, ({ keys }) => keys.slice(0, index + 1).join('\n'));
    const total = (same: readonly UsageSums[], of: (sum: UsageSums) => number) =>
      same.reduce((all, sum) => all + of(sum), 0);
    const dear = (same: readonly UsageSums[]) =>
      total(same, ({ currency, cost }) => (currency === 'USD' ? cost.toNumber() : 0));
    const calls = (same: readonly UsageSums[]) => total(same, ({ events }) => events);
    const ordered = [...byKeys].toSorted(
      ([a, one], [b, other]) => dear(other) - dear(one) || calls(other) - calls(one) || (a < b ? -1 : 1),
    );
    for (const [key] of ordered.slice(0, MOST[dimension])) named.add(`${index} ${key}`);
  }
  const renamed = sums.map((sum) => {
    const told = dimensions.map((_, index) => named.has(`${index} ${sum.keys.slice(0, index + 1).join('\n')}`));
    return { ...sum, keys: sum.keys.map((key, index) => (told.slice(0, index + 1).every(Boolean) ? key : ALL_OTHERS)) };
  });
  return groups(renamed);
}

function groups(sums: readonly UsageSums[]): Group[] {
  return [...Map.groupBy(sums, ({ keys, currency }) => [...keys, currency].join('\n')).values()]
    .map((same) => ({
      keys: same[0]!.keys,
      currency: same[0]!.currency,
      figures: figuresOf(same),
    }))
    .toSorted((a, b) => ([...a.keys, a.currency].join(' ') < [...b.keys, b.currency].join(' ') ? -1 : 1));
}

function figuresOf(same: readonly UsageSums[]): string[] {
  const add = (of: (sum: UsageSums) => number) => String(same.reduce((all, sum) => all + of(sum), 0));
  return [
    same
      .map(({ cost }) => cost)
      .reduce(addAmounts, exactly(0))
      .toFixed(),
    add(({ events }) => events),
    add(({ failures }) => failures),
    add(({ unpriced }) => unpriced),
    ...TOKEN_COLUMNS.map((kind) => add(({ tokens }) => tokens[kind])),
    add(({ latency }) => latency.count),
    add(({ latency }) => latency.sumMs),
    ...Array.from({ length: LATENCY_BUCKET_COUNT }, (_, index) => add(({ latency }) => latency.buckets[index] ?? 0)),
  ];
}

describe('sums of many', () => {
  test.each([[['provider', 'model']], [['provider']], [['person']], [['team']], [['team', 'person']]] as const)(
    'by %j name the dearest, and add the others up to the last digit',
    async (dimensions) => {
      const { work } = office.system.core;
      const all = await work.read(organization, (em) => sumUsage(em, scope(), dimensions));
      const told = await work.read(organization, (em) => sumUsage(em, scope(), dimensions, { dearestIn: 'USD' }));
      expect(told.length).toBeLessThanOrEqual(2 * (1_000 + 1));
      expect(groups(told)).toEqual(foldedHere(all, dimensions));
      expect(figuresOf(told)).toEqual(figuresOf(all));
    },
  );

  test('in several ways at once are those of each way', async () => {
    const ways = [['provider', 'model'], ['person'], ['team']] as const;
    const { work } = office.system.core;
    const together = await work.read(organization, (em) => sumUsageInWays(em, scope(), ways, { dearestIn: 'USD' }));
    for (const [index, way] of ways.entries()) {
      const alone = await work.read(organization, (em) =>
        sumUsage(em, scope(), way, { dearestIn: 'USD', histogram: false }),
      );
      expect(groups(together[index]!)).toEqual(groups(alone));
    }
  });
});

describe('what is shown of a team', () => {
  test('does not grow with the models that somebody makes up, and still adds up', async () => {
    const made = (count: number, more: object) =>
      Array.from({ length: count }, (_, index) =>
        event({ team_id: 'lab', model: `made-up-${index}`, input_tokens: 3, output_tokens: 0, ...more }),
      );
    await office.report(made(1_500, { provider: 'openai', cost: { value: '0.001', currency: 'USD' } }));
    await office.report([
      ...made(300, { provider: 'acme', cost: { value: '0.002', currency: 'USD' } }),
      event({ team_id: 'lab', cost: { value: '50', currency: 'USD' } }),
    ]);
    const { models, usage } = await office.system.need('GET', '/api/v1/teams/lab/analytics');
    expect(models).toHaveLength(202);
    expect(models[0]).toMatchObject({ provider: 'openai', model: 'gpt-4o', cost: 50 });
    expect(models.slice(-2)).toMatchObject([
      { provider: 'openai', model: ALL_OTHERS, requests: 1_500, cost: 1.5 },
      { provider: 'acme', model: ALL_OTHERS, requests: 101, cost: 0.202 },
    ]);
    expect(usage).toMatchObject({ requests: 1_801, cost: 52.1 });
    expect(usage.by_provider).toMatchObject({ openai: { requests: 1_501, cost: 51.5 }, acme: { requests: 300 } });
    const { billing_period: bill } = await office.system.need('GET', '/api/v1/teams/lab/billing');
    expect(bill).toMatchObject({ total_requests: 1_801, amount: { value: '52.10', currency: 'USD' } });
    expect(Object.keys(bill.breakdown_by_model)).toHaveLength(201);
    expect(bill.breakdown_by_model[ALL_OTHERS]).toMatchObject({ requests: 1_601, providers: ['acme', 'openai'] });
    expect(bill.breakdown_by_provider).toMatchObject({ openai: { amount: { value: '51.50' } } });
  });
});
