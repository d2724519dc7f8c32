import { describe, expect, test } from '@jest/globals';
import { changesOf, mergeResubmission, type NewResubmission } from '../../src/approvals/resubmissions.ts';
import type { Chain } from '../../src/approvals/rules.ts';
import { chain, stage } from './rules/fixtures.ts';

const BEFORE = { title: 'Title', description: 'Words', context: { vendor: 'One' }, stageNames: [null] };
const OWN = chain(stage(['ann']));
const OTHER = chain(stage(['bob']));
const DERIVED: Chain = { stages: [stage(['@manager'])], origin: 'hierarchy' };
const usd = (value: string) => ({ value, currency: 'USD' });

const stored = (revision: number, amount: string, of: Chain) => ({
  row: { revision, amount, currency: 'USD', chain: of },
});
const change = (
  named: Partial<NewResubmission>,
  checked: Partial<NewResubmission['checked']> = {},
): NewResubmission => ({
  details: {},
  sentChain: false,
  ...named,
  checked: { revision: 1, amount: usd('10.00'), chain: OWN, ...checked },
});

describe('a change that was accepted', () => {
  test('touches only what it names', () => {
    const merged = mergeResubmission(
      stored(1, '10.000000000000', OWN),
      BEFORE,
      change({ details: { title: 'Better' } }),
    );
    expect(merged).toEqual({ details: { ...BEFORE, title: 'Better' }, amount: '10.00', currency: 'USD', chain: OWN });
  });

  test('keeps what others have changed since: words, amount and chain', () => {
    const since = { ...BEFORE, description: 'Theirs', context: { vendor: 'Two' } };
    const merged = mergeResubmission(stored(2, '99.00', OTHER), since, change({ details: { title: 'Better' } }));
    expect(merged).toEqual({ details: { ...since, title: 'Better' }, amount: '99.00', currency: 'USD', chain: OTHER });
  });

  test('takes something away where it says so', () => {
    const merged = mergeResubmission(
      stored(1, '10', OWN),
      BEFORE,
      change({ details: { description: null, context: null }, amount: null }, { amount: null }),
    );
    expect(merged).toMatchObject({
      details: { title: 'Title', description: null, context: null },
      amount: null,
      currency: null,
    });
  });

  test('of the amount brings the chain that the hierarchy made of it, also where another one came in between', () => {
    const merged = mergeResubmission(
      stored(2, '500', { ...DERIVED, stages: [] }),
      BEFORE,
      change({ amount: usd('99.00') }, { amount: usd('99.00'), chain: DERIVED }),
    );
    expect(merged).toMatchObject({ amount: '99.00', chain: DERIVED });
  });

  test.each<[string, NewResubmission, ReturnType<typeof stored>]>([
    [
      'amount, where the chain was replaced',
      change({ amount: usd('99.00') }, { amount: usd('99.00') }),
      stored(2, '10', OTHER),
    ],
    [
      'amount by the hierarchy, where a chain was sent',
      change({ amount: usd('99.00') }, { amount: usd('99.00'), chain: DERIVED }),
      stored(2, '10', OWN),
    ],
    ['chain, where the amount was changed', change({ sentChain: true }, { chain: OTHER }), stored(2, '20', OWN)],
  ])('of the %s is refused: nobody has looked at the two together', (_what, named, current) => {
    expect(mergeResubmission(current, BEFORE, named)).toEqual({ refusal: 'stale-revision' });
  });
});

test('the order of members is no change; another value is', () => {
  const after = {
    details: { ...BEFORE, context: { a: 1, b: { c: 2, d: 3 } } },
    amount: '10',
    currency: 'USD',
    chain: OWN,
  };
  const before = { ...BEFORE, context: { b: { d: 3, c: 2 }, a: 1 } };
  expect(changesOf(stored(1, '10', OWN), before, after)).toMatchObject({ contextChanged: false, textChanged: false });
  expect(changesOf(stored(1, '10', OWN), BEFORE, after)).toMatchObject({ contextChanged: true });
});
