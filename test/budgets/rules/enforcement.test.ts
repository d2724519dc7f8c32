import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  alertMessage,
  crossingOf,
  type EnforcementStep,
  EXCEEDED_ACTIONS,
  increaseOf,
  isIncreaseSpare,
  isStillTrue,
  type MeasureKind,
  nextStep,
  percentUsed,
  type Standing,
} from '../../../src/budgets/rules.ts';
import { exactly } from '../../../src/platform/money.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const LATER = new Date('2026-11-23T18:00:00Z');

const QUIET: Standing = {
  isPeriodOver: false,
  isRemoved: false,
  exceededAction: 'require_approval',
  isUsedUp: false,
  wasRefused: false,
  hasSpareIncrease: false,
  mayAsk: true,
  askAgainAt: null,
  inForce: null,
};

function step(standing: Partial<Standing>): EnforcementStep {
  return nextStep({ ...QUIET, ...standing }, NOW);
}

const taken = (kind: MeasureKind, more: Partial<NonNullable<Standing['inForce']>> = {}) => ({
  id: 'measure',
  kind,
  isVoid: false,
  isAnswered: false,
  ...more,
});

const standings: fc.Arbitrary<Standing> = fc.record({
  isPeriodOver: fc.boolean(),
  isRemoved: fc.boolean(),
  exceededAction: fc.constantFrom(...EXCEEDED_ACTIONS),
  isUsedUp: fc.boolean(),
  wasRefused: fc.boolean(),
  hasSpareIncrease: fc.boolean(),
  mayAsk: fc.boolean(),
  askAgainAt: fc.constantFrom(null, NOW, LATER),
  inForce: fc.option(
    fc
      .record({
        id: fc.constant('measure'),
        kind: fc.constantFrom<MeasureKind>('awaiting_approval', 'restricted', 'suspended'),
        isVoid: fc.boolean(),
        isAnswered: fc.boolean(),
      })
      .map((inForce) => ({ ...inForce, isAnswered: inForce.isAnswered && inForce.kind === 'awaiting_approval' })),
  ),
});

/** What a step makes of a standing where it succeeds. */
function after(standing: Standing, done: EnforcementStep, approved: boolean): Standing {
  switch (done.do) {
    case 'take':
      return { ...standing, inForce: taken(done.kind) };
    case 'conclude':
      return approved
        ? { ...standing, inForce: null, isUsedUp: false, wasRefused: false, hasSpareIncrease: true }
        : { ...standing, inForce: null, mayAsk: false };
    case 'undo':
      return { ...standing, inForce: null };
    default:
      return standing;
  }
}

describe('the next step', () => {
  test.each<[string, Partial<Standing>, EnforcementStep]>([
    ['asks where a budget is used up', { isUsedUp: true }, { do: 'take', kind: 'awaiting_approval' }],
    ['asks at the first refusal', { wasRefused: true }, { do: 'take', kind: 'awaiting_approval' }],
    ['does not ask again while an increase is spare', { wasRefused: true, hasSpareIncrease: true }, { do: 'wait' }],
    [
      'keeps asking where what was used is released meanwhile',
      { wasRefused: true, hasSpareIncrease: true, inForce: taken('awaiting_approval') },
      { do: 'wait' },
    ],
    ['does not ask again where an increase was declined', { isUsedUp: true, mayAsk: false }, { do: 'wait' }],
    ['leaves those alone who could not be found just now', { isUsedUp: true, askAgainAt: LATER }, { do: 'wait' }],
    ['looks for them later', { isUsedUp: true, askAgainAt: NOW }, { do: 'take', kind: 'awaiting_approval' }],
    ['restricts', { exceededAction: 'restrict', isUsedUp: true }, { do: 'take', kind: 'restricted' }],
    ['suspends', { exceededAction: 'suspend', isUsedUp: true }, { do: 'take', kind: 'suspended' }],
    ['neither restricts nor suspends for a refusal', { exceededAction: 'suspend', wasRefused: true }, { do: 'wait' }],
    ['only tells under `notify`', { exceededAction: 'notify', isUsedUp: true, wasRefused: true }, { do: 'wait' }],
    ['waits for an answer', { isUsedUp: true, inForce: taken('awaiting_approval') }, { do: 'wait' }],
    [
      'does what was answered, also where it is needed no longer',
      { inForce: taken('awaiting_approval', { isAnswered: true }) },
      { do: 'conclude', measure: 'measure' },
    ],
    [
      'withdraws a request that has become pointless',
      { inForce: taken('awaiting_approval') },
      { do: 'undo', measure: 'measure', kind: 'awaiting_approval', because: 'no-longer-needed' },
    ],
    [
      'keeps a suspension where a correction has made room',
      { exceededAction: 'suspend', inForce: taken('suspended') },
      { do: 'wait' },
    ],
    [
      'lifts a suspension that new terms have ended',
      { exceededAction: 'suspend', inForce: taken('suspended', { isVoid: true }) },
      { do: 'undo', measure: 'measure', kind: 'suspended', because: 'no-longer-needed' },
    ],
    [
      'lifts what another setting would not have done',
      { exceededAction: 'restrict', isUsedUp: true, inForce: taken('suspended') },
      { do: 'undo', measure: 'measure', kind: 'suspended', because: 'no-longer-needed' },
    ],
    [
      'restores everything at the end of the period',
      { isPeriodOver: true, isUsedUp: true, inForce: taken('awaiting_approval', { isAnswered: true }) },
      { do: 'undo', measure: 'measure', kind: 'awaiting_approval', because: 'period-over' },
    ],
    [
      'restores everything where the budget is taken back',
      { isRemoved: true, isUsedUp: true, exceededAction: 'restrict', inForce: taken('restricted') },
      { do: 'undo', measure: 'measure', kind: 'restricted', because: 'budget-removed' },
    ],
    ['ends with the period', { isPeriodOver: true, isUsedUp: true }, { do: 'end' }],
  ])('%s', (_what, standing, expected) => {
    expect(step(standing)).toEqual(expected);
  });

  test('takes nothing while something is in force, and takes back only what is', () => {
    fc.assert(
      fc.property(standings, (standing) => {
        const next = nextStep(standing, NOW);
        if (next.do === 'take') expect(standing.inForce).toBeNull();
        if (next.do === 'undo' || next.do === 'conclude') expect(next.measure).toBe(standing.inForce?.id);
        if (next.do === 'end') expect(standing.inForce).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  test('comes to rest after three steps at most, whatever is found', () => {
    fc.assert(
      fc.property(standings, fc.boolean(), (found, approved) => {
        let standing = found;
        let steps = 0;
        for (
          let next = nextStep(standing, NOW);
          next.do !== 'wait' && next.do !== 'end';
          next = nextStep(standing, NOW)
        ) {
          standing = after(standing, next, approved);
          steps += 1;
          expect(steps).toBeLessThanOrEqual(3);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('leaves what is wanted in force when it rests, and nothing else', () => {
    const WANTED = {
      restrict: 'restricted',
      suspend: 'suspended',
      require_approval: 'awaiting_approval',
      notify: null,
    };
    fc.assert(
      fc.property(standings, (found) => {
        let standing = found;
        let next = nextStep(standing, NOW);
        while (next.do !== 'wait' && next.do !== 'end') {
          standing = after(standing, next, false);
          next = nextStep(standing, NOW);
        }
        const { inForce, isUsedUp, exceededAction, isPeriodOver, isRemoved } = standing;
        if (inForce) expect(inForce).toMatchObject({ kind: WANTED[exceededAction], isVoid: false });
        if (isPeriodOver || isRemoved) expect(inForce).toBeNull();
        else if (isUsedUp && (exceededAction === 'restrict' || exceededAction === 'suspend'))
          expect(inForce?.kind).toBe(WANTED[exceededAction]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a crossing', () => {
  test('is told of as long as it says how the budget stands', () => {
    const amounts = fc.integer({ min: 0, max: 20 }).map((value) => exactly(value));
    fc.assert(
      fc.property(amounts, amounts, fc.option(amounts), (settled, limit, warnAt) => {
        const crossed = crossingOf({ settled, limit, warnAt });
        expect(isStillTrue('limit-reached', { settled, limit, warnAt })).toBe(crossed === 'limit');
        expect(isStillTrue('warning-crossed', { settled, limit, warnAt })).toBe(crossed === 'warning');
      }),
    );
  });

  test('is told of with exact figures', () => {
    expect(percentUsed(exactly('82.3'), exactly('100'))).toBe(82.3);
    expect(percentUsed(exactly('1'), exactly('3'))).toBe(33.33);
    expect(percentUsed(exactly('0'), exactly('0'))).toBe(100);
    expect(
      alertMessage('budget_warning', { budget: 'main', percent: 82.3, spent: '82.30 USD', limit: '100.00 USD' }),
    ).toBe('The budget “main” has passed its warning threshold: 82.30 USD of 100.00 USD, 82.3 %.');
  });
});

describe('an increase', () => {
  test.each([
    [{ amount: '100' }, {}, '20'],
    [{ amount: '100' }, { increase_percent: 50 }, '50'],
    [{ amount: '0' }, {}, '0'],
    [{ amount: '0.000000000005' }, {}, '0.000000000001'],
  ])('of %j under %j is %s', (budget, alerts, expected) => {
    expect(increaseOf(budget, alerts).toFixed()).toBe(expected);
  });
});

describe('an increase is spare', () => {
  const figures = (settled: string, held: string) => ({
    settled: exactly(settled),
    held: exactly(held),
    limit: exactly('120'),
  });

  test.each([
    ['10', '0', true],
    ['60', '45', true],
    ['110', '0', true],
    ['60', '50.01', false],
    ['110.000000000001', '0', false],
    ['120', '0', false],
    ['121', '0', false],
  ])('with %s spent and %s held of 100 and 20 more: %s', (settled, held, expected) => {
    expect(isIncreaseSpare(exactly('20'), figures(settled, held))).toBe(expected);
  });

  test('only where there was one', () => {
    expect(isIncreaseSpare(null, figures('0', '0'))).toBe(false);
  });
});
