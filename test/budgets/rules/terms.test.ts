import { describe, expect, test } from '@jest/globals';
import {
  type AlertSettings,
  availableOf,
  type BudgetState,
  type BudgetTerms,
  type ExceededAction,
  type MeasureKind,
  type Raise,
  stateOf,
  termsAt,
} from '../../../src/budgets/rules.ts';
import { exactly } from '../../../src/platform/money.ts';
import { fits } from '../support/judgement.ts';
import { appliesTo } from '../support/scope.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const later = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);

function terms(budget: Partial<BudgetTerms> = {}, alerts: AlertSettings = {}, raises: readonly Raise[] = []) {
  const { limit, warnAt, ceiling, ...rest } = termsAt(NOW, { amount: '100', ...budget }, alerts, raises);
  return { limit: limit.toFixed(), warnAt: warnAt.toFixed(), ceiling: ceiling.toFixed(), ...rest };
}

describe('what holds for a period', () => {
  test('is what the budget says, else the settings, else the defaults', () => {
    expect(terms()).toEqual({
      limit: '100',
      warnAt: '80',
      ceiling: '100',
      exceededAction: 'require_approval',
      freeModels: [],
      limitUntil: null,
    });
    expect(terms({}, { warning_threshold: 75, exceeded_action: 'restrict', restrict_to_models: ['m'] })).toMatchObject({
      warnAt: '75',
      exceededAction: 'restrict',
      freeModels: ['m'],
      ceiling: '110',
    });
    expect(
      terms(
        { warningThreshold: '50.00', exceededAction: 'suspend' },
        { warning_threshold: 75, exceeded_action: 'restrict', restrict_to_models: ['m'] },
      ),
    ).toMatchObject({ warnAt: '50', exceededAction: 'suspend', freeModels: [], ceiling: '100' });
  });

  test('is lifted by every raise that has not ended, until the first one ends', () => {
    const raises = [
      { amount: '10', until: null },
      { amount: '20', until: later(2) },
      { amount: '30', until: later(1) },
      { amount: '40', until: NOW },
    ];
    expect(terms({}, {}, raises)).toMatchObject({ limit: '160', warnAt: '128', limitUntil: later(1) });
  });

  test('is exact to the last digit', () => {
    expect(terms({ amount: '0.000000000001', warningThreshold: '100.00' }).warnAt).toBe('0.000000000001');
    expect(terms({ amount: '999999999999999.999999999999', warningThreshold: '100.00' }).warnAt).toBe(
      '999999999999999.999999999999',
    );
  });
});

describe('an amount', () => {
  const budget = (exceededAction: ExceededAction, settled = '60', held = '30') => ({
    limit: exactly('100'),
    settled: exactly(settled),
    held: exactly(held),
    exceededAction,
    freeModels: ['free'],
    ceiling: exactly('110'),
  });

  test.each<[ExceededAction, string, string | null, boolean]>([
    ['require_approval', '10', null, true],
    ['require_approval', '10.000000000001', null, false],
    ['suspend', '11', 'free', false],
    ['notify', '1000', null, true],
    ['restrict', '11', 'free', true],
    ['restrict', '20', 'free', true],
    ['restrict', '20.01', 'free', false],
    ['restrict', '11', 'dear', false],
    ['restrict', '11', null, false],
  ])('under %s of %s with model %s fits: %s', (action, amount, model, expected) => {
    expect(fits(budget(action), exactly(amount), model)).toBe(expected);
  });
});

describe('what the enforcement has closed', () => {
  const open = {
    limit: exactly('100'),
    settled: exactly('0'),
    held: exactly('0'),
    freeModels: ['free'],
    ceiling: exactly('110'),
  };

  test.each<[MeasureKind, ExceededAction, string | null, boolean]>([
    ['suspended', 'suspend', 'free', false],
    ['restricted', 'restrict', 'free', true],
    ['restricted', 'restrict', 'dear', false],
    ['restricted', 'restrict', null, false],
    ['awaiting_approval', 'require_approval', 'dear', true],
  ])('as %s under %s lets %s go on where there is room: %s', (measure, exceededAction, model, expected) => {
    expect(fits({ ...open, exceededAction, measure }, exactly('1'), model)).toBe(expected);
  });

  test.each<[MeasureKind | null, string]>([
    ['suspended', '0'],
    ['restricted', '0'],
    ['awaiting_approval', '60'],
    [null, '60'],
  ])('as %s leaves %s to be reserved', (measure, left) => {
    expect(availableOf({ limit: exactly('100'), settled: exactly('40'), held: exactly('0') }, measure).toFixed()).toBe(
      left,
    );
  });

  test('is what callers are told', () => {
    const figures = { ...open, warnAt: null, exceededAction: 'require_approval' as const };
    expect(stateOf(figures, 'awaiting_approval')).toBe('awaiting_approval');
    expect(stateOf(figures)).toBe('open');
  });
});

describe('a budget stands', () => {
  test.each<[ExceededAction, string, BudgetState]>([
    ['notify', '79.99', 'open'],
    ['notify', '80', 'warning'],
    ['notify', '100', 'exceeded'],
    ['require_approval', '100', 'exceeded'],
    ['restrict', '100', 'restricted'],
    ['suspend', '120', 'suspended'],
  ])('under %s with %s settled: %s', (exceededAction, settled, expected) => {
    const figures = {
      limit: exactly('100'),
      warnAt: exactly('80'),
      settled: exactly(settled),
      held: exactly('15'),
      exceededAction,
    };
    expect(stateOf(figures)).toBe(expected);
    expect(availableOf(figures).toNumber()).toBeCloseTo(Math.max(0, 100 - Number(settled) - 15), 9);
  });
});

describe('a spend', () => {
  const spend = { teamPath: ['team', 'division', 'organization'], person: 'ann', provider: 'openai', model: 'gpt' };
  const any = { person: null, provider: null, model: null };

  test.each([
    [{ team: 'team', ...any }, true],
    [{ team: 'organization', ...any }, true],
    [{ team: 'elsewhere', ...any }, false],
    [{ team: 'division', ...any, person: 'bob' }, false],
    [{ team: 'division', ...any, person: 'ann', model: 'gpt' }, true],
    [{ team: 'team', ...any, provider: 'google' }, false],
  ])('counts in the budget of %j: %s', (scope, expected) => {
    expect(appliesTo(scope, spend)).toBe(expected);
  });

  test.each(['provider', 'model'] as const)('that leaves its %s open may be any of them, and counts', (what) => {
    expect(appliesTo({ team: 'team', ...any, [what]: 'x' }, { ...spend, [what]: null })).toBe(true);
    expect(appliesTo({ team: 'team', ...any, [what]: 'x' }, { ...spend, [what]: 'y' })).toBe(false);
  });
});
