import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exactly } from '../../src/platform/money.ts';
import { splitHours } from '../../src/usage/rules/split-hours.ts';
import { costsByDay, sumUsage, sumUsageInWays, type UsageSums } from '../../src/usage/service.ts';
import { event, Office } from './api/support/office.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Around its summer and winter times, as far as events may lie back. */
const FROM = new Date(Math.floor(Date.now() / DAY) * DAY - 80 * DAY);
const TO = new Date(FROM.getTime() + 80 * DAY);
const ZONES = [
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Australia/Adelaide',
  'America/St_Johns',
  'Pacific/Chatham',
  'Europe/Berlin',
  'America/New_York',
  'UTC',
];
let office: Office;
let organization: string;

beforeAll(async () => {
  office = await Office.open();
  // Each half of a quarter of an hour of a day has a cost of its own, so that one that is counted elsewhere shows.
  const events = Array.from({ length: 80 * 24 }, (_, index) =>
    event({
      occurred_at: new Date(
        FROM.getTime() + index * HOUR + ((index * 7 + Math.floor(index / 24)) % 8) * 7.5 * MINUTE,
      ).toISOString(),
      cost: { value: `${index + 1}.${String(index).padStart(12, '0')}`, currency: 'USD' },
      model: index % 3 ? 'gpt-4o' : 'o3',
      user_id: index % 2 ? 'ana' : 'ben',
      latency_ms: index,
    }),
  );
  await office.report(events);
  const [row] = await office.rows<{ id: string }>('select organization_id as id from countersign.ledger_lines limit 1');
  organization = row!.id;
});

afterAll(() => office?.close());

interface Figures {
  readonly key: string;
  readonly cost: string;
  readonly events: number;
  readonly input: number;
  readonly latency: number;
}

const figuresOf = (sums: readonly UsageSums[]): Figures[] =>
  sums
    .map(({ keys, cost, events, tokens, latency }) => ({
      key: keys.join(' '),
      cost: cost.toFixed(),
      events,
      input: tokens.input_tokens,
      latency: latency.sumMs,
    }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));

/** The same, out of the ledger's lines alone. */
async function counted(timezone: string, from: Date, to: Date, by: readonly string[] = []): Promise<Figures[]> {
  const rows = await office.rows<Omit<Figures, 'key'> & { key: string }>(
    `select concat_ws(' ', (occurred_at at time zone $1)::date::text${by.map((column) => `, ${column}::text`).join('')}) as key, sum(cost)::text as cost, count(*)::int as events,
       sum(input_tokens)::int as input, sum(latency_ms)::int as latency
     from countersign.ledger_lines where occurred_at >= $2 and occurred_at < $3 group by 1`,
    [timezone, from, to],
  );
  return rows
    .map((row) => ({ ...row, cost: exactly(row.cost).toFixed() }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

const SCOPES: [string, Date, Date][] = [
  ['full days of UTC', FROM, TO],
  ['days of Kolkata', new Date(FROM.getTime() + 18.5 * HOUR), new Date(TO.getTime() - 5.5 * HOUR)],
  ['any moments', new Date(FROM.getTime() + 7 * MINUTE + 1), new Date(TO.getTime() - 20 * HOUR - 11 * MINUTE)],
  ['less than an hour', new Date(FROM.getTime() + 18.1 * HOUR), new Date(FROM.getTime() + 18.8 * HOUR)],
];

describe.each(ZONES)('days of %s', (timezone) => {
  test.each(SCOPES)('between %s have what the ledger’s lines of them add up to', async (_, from, to) => {
    const { work } = office.system.core;
    const scope = { organization, teams: null, from, to };
    const day = { day: timezone };
    const byDay = await counted(timezone, from, to);
    const byModel = await counted(timezone, from, to, ['provider', 'model']);
    expect(byDay.length).toBeGreaterThan(0);
    expect(figuresOf(await work.read(organization, (em) => sumUsage(em, scope, [day])))).toEqual(byDay);
    expect(figuresOf(await work.read(organization, (em) => sumUsage(em, scope, [day, 'provider', 'model'])))).toEqual(
      byModel,
    );
    const ways = await work.read(organization, (em) =>
      sumUsageInWays(em, scope, [[day], [day, 'provider', 'model'], []]),
    );
    expect(ways.slice(0, 2).map(figuresOf)).toEqual([byDay, byModel]);
    expect(ways[2]?.[0]?.events).toBe(byDay.reduce((sum, { events }) => sum + events, 0));
    const costs = await work.read(organization, (em) => costsByDay(em, scope, timezone));
    expect(Object.fromEntries(costs.map((one) => [one.day, one.cost.toFixed()]))).toEqual(
      Object.fromEntries(byDay.map(({ key, cost }) => [key, cost])),
    );
  });
});

describe('hours within which a day begins', () => {
  const texts = (timezone: string, from: string, to: string) =>
    splitHours(timezone, new Date(`2026-${from}Z`), new Date(`2026-${to}Z`)).map((hour) =>
      hour.toISOString().slice(5, 16),
    );

  test('are those before midnight, where a zone is a part of an hour off', () => {
    expect(texts('Asia/Kolkata', '11-01T00:00', '11-03T00:00')).toEqual(['11-01T18:00', '11-02T18:00']);
    expect(texts('Asia/Kathmandu', '11-01T19:00', '11-02T19:00')).toEqual(['11-02T18:00']);
    // Half an hour of summer time: from 4 October on it is 11 hours ahead.
    expect(texts('Australia/Lord_Howe', '10-02T00:00', '10-06T00:00')).toEqual(['10-02T13:00', '10-03T13:00']);
  });

  test.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Africa/Casablanca'])(
    'are none in %s',
    (zone) => {
      expect(texts(zone, '01-01T00:00', '12-31T00:00')).toEqual([]);
    },
  );
});
