import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  amongCostCenters,
  chargedTo,
  type CostBearer,
  destinationsOf,
  poolsAmong,
  type Transfer,
} from '../../../src/billing/rules/charge-back.ts';
import { addAmounts, type Amount, exactly } from '../../../src/platform/money.ts';
import { allocate } from '../../../src/usage/rules/allocation.ts';

const team = (id: string, more: Partial<CostBearer> = {}): CostBearer => ({
  id,
  alias: `alias-${id}`,
  parent: null,
  pool: null,
  costCenter: null,
  chargeBack: null,
  ...more,
});
const sum = (amounts: Iterable<Amount>) => [...amounts].reduce(addAmounts, exactly(0));
const ids = ['a', 'b', 'c', 'd'];
const money = fc.bigInt(-(10n ** 15n), 10n ** 15n).map((units) => exactly(units.toString()).times('0.000000000001'));
const method = fc.constantFrom('fixed', 'even', 'usage_based');
const shares = fc.dictionary(fc.constantFrom(...ids), fc.integer({ min: 0, max: 100 }), { minKeys: 1 });
const organization = fc.record({
  own: fc.tuple(...ids.map((id) => money.map((amount) => [id, amount] as const))).map((all) => new Map(all)),
  pools: fc.dictionary(fc.constantFrom(...ids), fc.record({ method, shares })),
});

describe('pools', () => {
  test('hand their own cost on, once, and nothing is lost between them', () => {
    fc.assert(
      fc.property(organization, ({ own, pools }) => {
        const transfers = Object.entries(pools).flatMap(([from, division]): Transfer[] =>
          allocate(
            own.get(from)!,
            division.method,
            Object.entries(division.shares).map(([key, share]) => ({
              key,
              share: exactly(share),
              used: own.get(key)!,
            })),
          ).map(({ key, amount }) => ({ from, to: key, method: division.method, currency: 'USD', amount })),
        );
        expect(sum(chargedTo(own, transfers).values()).toFixed()).toBe(sum(own.values()).toFixed());
      }),
    );
  });

  test('are the teams that name others; a name that is none is left out', () => {
    const teams = [
      team('a', { pool: { method: 'fixed', shares: { 'alias-b': 2, 'alias-c': 1 } } }),
      team('b', { pool: { method: 'even', shares: { nobody: 1 } } }),
      team('c'),
    ];
    expect(poolsAmong(teams)).toEqual([
      {
        team: 'a',
        method: 'fixed',
        sharers: [
          { key: 'b', share: exactly(2) },
          { key: 'c', share: exactly(1) },
        ],
      },
    ]);
  });

  test('keep what others hand on to them', () => {
    const own = new Map([
      ['a', exactly(10)],
      ['b', exactly(4)],
    ]);
    const move = (from: string, to: string, amount: number): Transfer => {
      return { from, to, method: 'even', currency: 'USD', amount: exactly(amount) };
    };
    const charged = chargedTo(own, [move('a', 'b', 10), move('b', 'a', 4), move('b', 'elsewhere', 0)]);
    expect([...charged].map(([id, amount]) => [id, amount.toFixed()])).toEqual([
      ['a', '4'],
      ['b', '10'],
    ]);
  });
});

describe('cost centres', () => {
  const several = { method: 'fixed', shares: { Research: 3, Sales: 1 } } as const;
  const teams = [
    team('top', { costCenter: 'Top' }),
    team('middle', { parent: 'top' }),
    team('split', { parent: 'top', chargeBack: several, costCenter: 'Ignored' }),
    team('below', { parent: 'split' }),
    team('alone'),
  ];

  test('are the team’s own, or those of the nearest team above that names some', () => {
    expect(Object.fromEntries(destinationsOf(teams))).toEqual({
      top: { costCenter: 'Top' },
      middle: { costCenter: 'Top' },
      split: { division: several },
      below: { division: several },
      alone: { costCenter: null },
    });
  });

  test('bear everything, to the last digit', () => {
    fc.assert(
      fc.property(money, method, shares, (amount, how, among) => {
        const parts = amongCostCenters(amount, { division: { method: how, shares: among } }, () => exactly(1));
        expect(sum(parts.map((part) => part.amount)).toFixed()).toBe(amount.toFixed());
      }),
    );
    const used = (center: string) => exactly(center === 'Sales' ? 9 : 1);
    const parts = amongCostCenters(exactly(5), { division: { ...several, method: 'usage_based' } }, used);
    expect(parts.map(({ costCenter, amount }) => [costCenter, amount.toFixed()])).toEqual([
      ['Research', '0.5'],
      ['Sales', '4.5'],
    ]);
  });
});
