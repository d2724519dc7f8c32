import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chargeRows } from '../../../src/billing/export/rows.ts';
import { observe, spentIn } from '../../../src/billing/outlook.ts';
import { boundsOfDay } from '../../../src/billing/rules/days.ts';
import { exactly } from '../../../src/platform/money.ts';
import { event, Office } from '../../usage/api/support/office.ts';

/** Half an hour before a month of Kolkata ends. */
const NOW = new Date('2026-11-30T18:00:00Z');
const TIMEZONE = 'Asia/Kolkata';
const PERIOD = {
  name: '2026-11',
  from: boundsOfDay('2026-11-01', TIMEZONE).from,
  until: boundsOfDay('2026-12-01', TIMEZONE).from,
};
const CALENDAR = { timezone: TIMEZONE, fiscalYearStart: '01-01' };
let office: Office;
let organization: string;
let team: string;

beforeAll(async () => {
  office = await Office.open({ clock: { now: () => NOW } });
  // On both sides of each midnight, and away from it.
  const moments = Array.from({ length: 40 }, (_, day) =>
    [18.2, 18.4, 18.5, 18.8, 6].map((hour) => day * 24 + hour),
  ).flat();
  await office.report(
    moments.map((hours, index) =>
      event({
        occurred_at: new Date(Date.parse('2026-10-21T00:00:00Z') + hours * 3_600_000).toISOString(),
        cost: { value: `${index + 1}.000000000001`, currency: 'USD' },
      }),
    ),
  );
  const [row] = await office.rows<{ organization: string; team: string }>(
    'select organization_id as organization, team_id as team from countersign.ledger_lines limit 1',
  );
  ({ organization, team } = row!);
});

afterAll(() => office?.close());

/** What the ledger's lines of each day add up to. */
async function days(): Promise<Record<string, string>> {
  const rows = await office.rows<{ day: string; cost: string }>(
    `select (occurred_at at time zone $1)::date::text as day, sum(cost)::text as cost from countersign.ledger_lines where occurred_at >= $2 and occurred_at < $3 group by 1`,
    [TIMEZONE, PERIOD.from, PERIOD.until],
  );
  return Object.fromEntries(rows.map(({ day, cost }) => [day, exactly(cost).toFixed()]));
}

describe('a month whose days begin at half past', () => {
  test('is exported day by day as the ledger has them', async () => {
    const scope = { organization, teams: new Set([team]), from: PERIOD.from, until: PERIOD.until, calendar: CALENDAR };
    const exported: Record<string, string> = {};
    await office.system.core.work.read(organization, async (em) => {
      for await (const { kind, from, amount } of chargeRows(em, scope))
        if (kind === 'usage')
          exported[new Date(from.getTime() + 5.5 * 3_600_000).toISOString().slice(0, 10)] = amount.toFixed();
    });
    expect(exported).toEqual(await days());
  });

  test('is projected from what was spent in it, its first half hour included', async () => {
    const observed = await office.system.core.work.read(organization, (em) =>
      observe(em, organization, { teams: [team], currency: 'USD', calendar: CALENDAR }, PERIOD, NOW),
    );
    const expected = await days();
    const first = Object.keys(expected).toSorted()[0]!;
    const own = [...observed.costs].filter(([day]) => day >= first).map(([day, cost]) => [day, cost.toFixed()]);
    expect(Object.fromEntries(own)).toEqual(expected);
    expect(spentIn(observed).toFixed()).toBe(
      Object.values(expected)
        .reduce((sum, cost) => sum.plus(cost), exactly(0))
        .toFixed(),
    );
  });
});
