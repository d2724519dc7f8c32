import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Chain,
  chainFromHierarchy,
  type HierarchyEntry,
  validateHierarchy,
} from '../../../src/approvals/rules.ts';
import { codes } from './fixtures.ts';

const ENTRIES: HierarchyEntry[] = [
  { role: 'director', threshold: '2000' },
  { role: 'manager', threshold: '500' },
  { role: 'vp', threshold: '10000.00' },
];

const rolesIn = (chain: Chain) =>
  chain.stages.map((stage) =>
    stage.approvers.map((approver) => ('role' in approver ? approver.role : approver.person)).join(),
  );
const made = (mode: 'cumulative' | 'authority', amount: string | null, entries = ENTRIES) =>
  chainFromHierarchy({ entries, mode }, amount);
const rolesFor = (mode: 'cumulative' | 'authority', amount: string, entries = ENTRIES) => {
  const result = made(mode, amount, entries);
  return 'chain' in result && result.approvedAtOnce === undefined ? rolesIn(result.chain) : result;
};

describe('cumulative', () => {
  test.each([
    ['500', ['manager']],
    ['500.00', ['manager']],
    ['1999.99', ['manager']],
    ['2000.000', ['manager', 'director']],
    ['2500', ['manager', 'director']],
    ['12000', ['manager', 'director', 'vp']],
  ])('%s asks %j, one after the other', (amount, roles) => {
    expect(rolesFor('cumulative', amount)).toEqual(roles);
  });

  test('each stage needs one approval and has no time limit', () => {
    expect(made('cumulative', '500')).toEqual({
      chain: {
        origin: 'hierarchy',
        stages: [
          {
            approvers: [{ role: 'manager' }],
            required: 1,
            timeout: null,
            calendar: null,
            onTimeout: 'reject',
            escalateTo: [],
            reminders: [],
            amountAtLeast: null,
          },
        ],
      },
    });
  });

  test.each(['0', '300.00', '499.999999999999'])(
    '%s is approved at once, by a chain whose every stage is left out',
    (amount) => {
      const result = made('cumulative', amount);
      expect(result).toMatchObject({ approvedAtOnce: { code: 'below-lowest-threshold', threshold: '500.00' } });
      expect('chain' in result && result.chain.stages.map((stage) => stage.amountAtLeast)).toEqual([
        '500',
        '2000',
        '10000.00',
      ]);
    },
  );

  test('equal thresholds keep the order they are given in', () => {
    const entries: HierarchyEntry[] = [
      { role: 'vp', threshold: '100' },
      { role: 'finance', threshold: '50' },
      { role: 'director', threshold: '100.00' },
    ];
    expect(rolesFor('cumulative', '100', entries)).toEqual(['finance', 'vp', 'director']);
  });

  test('a larger amount never asks fewer', () => {
    const cents = fc.integer({ min: 0, max: 2_000_000 });
    const amount = (value: number) => (value / 100).toFixed(2);
    const asked = (value: number) => {
      const roles = rolesFor('cumulative', amount(value));
      return Array.isArray(roles) ? roles : [];
    };
    fc.assert(
      fc.property(cents, cents, (one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        expect(asked(more).slice(0, asked(less).length)).toEqual(asked(less));
      }),
    );
  });
});

describe('authority', () => {
  test.each([
    ['1', 'manager'],
    ['500', 'manager'],
    ['500.01', 'director'],
    ['2000', 'director'],
    ['10000', 'vp'],
  ])('%s asks the %s alone', (amount, role) => {
    expect(rolesFor('authority', amount)).toEqual([role]);
  });

  test('what is above everybody’s authority is refused', () => {
    expect(made('authority', '10000.01')).toEqual({
      problems: [{ code: 'above-all-authority', stage: null, highest: '10000.00' }],
    });
  });

  test('of equal authorities the first one given is asked', () => {
    expect(
      rolesFor('authority', '5', [
        { role: 'vp', threshold: '10' },
        { role: 'director', threshold: '10' },
      ]),
    ).toEqual(['vp']);
  });
});

describe('what a hierarchy cannot be used for', () => {
  test.each(['cumulative', 'authority'] as const)('%s: a request without an amount', (mode) => {
    expect(made(mode, null)).toEqual({ problems: [{ code: 'amount-needed', stage: null }] });
  });

  test('an empty one approves nothing by silence', () => {
    expect(made('cumulative', '5', [])).toEqual({ problems: [{ code: 'empty-hierarchy', stage: null }] });
  });

  test('roles named twice and thresholds that are no amounts', () => {
    const entries: HierarchyEntry[] = [
      { role: 'vp', threshold: '1e3' },
      { role: 'director', threshold: '5' },
      { role: 'vp', threshold: '7' },
    ];
    expect(codes(validateHierarchy(entries))).toEqual(['invalid-threshold', 'duplicate-role']);
    expect(made('cumulative', '5', entries)).toEqual({ problems: validateHierarchy(entries) });
    expect(validateHierarchy(ENTRIES)).toEqual([]);
  });
});
