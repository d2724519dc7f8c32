import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chainsForService, type Hierarchy, waitingStages } from '../../../src/approvals/rules.ts';
import { approvedAtOnce } from '../../../src/approvals/rules/stages.ts';
import { ROLES } from '../../../src/tenancy/rules/roles.ts';

const hierarchy = (mode: Hierarchy['mode']): Hierarchy => ({
  mode,
  entries: [
    { role: 'director', threshold: '1000' },
    { role: 'manager', threshold: '100' },
  ],
});

function rolesAsked(hierarchyOrNone: Hierarchy | null, amount: string): unknown[] {
  return chainsForService(hierarchyOrNone, amount).map(({ stages }) =>
    stages.map(({ approvers }) => approvers.map((approver) => 'role' in approver && approver.role)),
  );
}

const OWNERS_AND_ADMINS = [['owner', 'admin']];

describe('the chains of what Countersign asks for itself', () => {
  test.each<[string, Hierarchy | null, string, unknown[]]>([
    ['ask owners and admins where there is no hierarchy', null, '20', [OWNERS_AND_ADMINS]],
    [
      'ask every role from its threshold on',
      hierarchy('cumulative'),
      '1000',
      [[['manager'], ['director']], OWNERS_AND_ADMINS],
    ],
    ['ask the lowest role below all thresholds', hierarchy('cumulative'), '20', [[['manager']], OWNERS_AND_ADMINS]],
    ['ask who has the authority', hierarchy('authority'), '500', [[['director']], OWNERS_AND_ADMINS]],
    ['ask owners and admins above all authority', hierarchy('authority'), '5000', [OWNERS_AND_ADMINS]],
  ])('%s', (_what, given, amount, expected) => {
    expect(rolesAsked(given, amount)).toEqual(expected);
  });

  test('never approve anything at once, whatever the hierarchy and the amount', () => {
    const hierarchies = fc.record({
      mode: fc.constantFrom<Hierarchy['mode']>('cumulative', 'authority'),
      entries: fc.uniqueArray(fc.record({ role: fc.constantFrom(...ROLES), threshold: fc.nat(2_000).map(String) }), {
        selector: ({ role }) => role,
        maxLength: 5,
      }),
    });
    fc.assert(
      fc.property(fc.option(hierarchies), fc.nat(2_000).map(String), (given, amount) => {
        const chains = chainsForService(given, amount);
        expect(chains.length).toBeGreaterThan(0);
        for (const { stages } of chains) {
          expect(waitingStages(stages).length).toBeGreaterThan(0);
          expect(approvedAtOnce(stages, amount)).toBeNull();
        }
      }),
    );
  });
});
