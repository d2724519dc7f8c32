import { describe, expect, test } from '@jest/globals';
import type { Changes } from '../../../src/approvals/rules.ts';
import {
  approvedBy,
  approvers,
  asked,
  carryOut,
  chain,
  context,
  decision,
  opened,
  refusalOf,
  stage,
  stageStates,
  types,
} from './fixtures.ts';

const STAGES = [stage(['ann', 'bob'], { required: 2, timeout: 'P1D' }), stage(['cid'], { amountAtLeast: '1000' })];
const request = opened(STAGES, context(), '2000');
const half = approvedBy(request, 'ann');
const returned = carryOut(half, decision('bob', 'request_changes')).approval;
const LATER = context({ at: new Date('2026-11-26T10:00:00Z') });
const resubmit = (changes: Changes) => ({ type: 'resubmit', changes }) as const;

describe('a material change', () => {
  test.each<[string, Changes]>([
    ['the amount', { amount: '2500' }],
    ['no amount any more', { amount: null }],
    ['the context', { contextChanged: true }],
    ['the chain', { chain: chain(stage(['ann', 'eve']), stage(['cid'])) }],
    ['words and context', { textChanged: true, contextChanged: true }],
  ])('of %s starts a new revision in which everybody is asked again', (_what, changes) => {
    for (const before of [half, returned]) {
      const { events, approval } = carryOut(before, resubmit(changes), LATER);
      expect(types(events)).toEqual(['resubmitted', 'stage_opened']);
      expect(events[0]).toMatchObject({ revision: 2, material: true });
      expect(approval).toMatchObject({ state: 'pending', revision: 2 });
      expect(approval.stages).toMatchObject([
        { state: 'open', decisions: [], openedAt: LATER.at },
        { state: 'waiting', decisions: [], asked: [] },
      ]);
      expect(approval.stages[0]?.asked.at(0)?.person).toBe('ann');
    }
  });

  test('takes the amount and the chain that are handed in, and skips what they leave out', () => {
    const { approval, events } = carryOut(
      returned,
      resubmit({ amount: '999.99', chain: chain(stage(['eve']), ...STAGES) }),
    );
    expect(approval.amount).toBe('999.99');
    expect(stageStates(approval)).toEqual(['open', 'waiting', 'skipped']);
    expect(asked(approval)).toEqual(['eve']);
    expect(types(events)).toEqual(['resubmitted', 'stage_skipped', 'stage_opened']);
  });

  test('to an amount that nobody has to approve approves the request at once', () => {
    const { events } = carryOut(
      opened([stage(['ann'], { amountAtLeast: '500' })], context(), '600'),
      resubmit({ amount: '400' }),
    );
    expect(types(events)).toEqual(['resubmitted', 'stage_skipped', 'approved']);
  });

  test('makes decisions about the old revision stale', () => {
    const { approval } = carryOut(half, resubmit({ contextChanged: true }));
    expect(refusalOf(approval, { ...decision('ann'), revision: 1 })).toBe('stale-revision');
    expect(carryOut(approval, { ...decision('ann'), revision: 2 }).outcome).toBe('applied');
  });
});

describe('a change of words', () => {
  test('after changes were asked for opens the stage again, keeps its approvals, and asks the others', () => {
    const { events, approval } = carryOut(returned, resubmit({ textChanged: true }), LATER);
    expect(types(events)).toEqual(['resubmitted', 'stage_opened']);
    expect(events[1]).toMatchObject({
      stage: 0,
      required: 2,
      candidates: [{ person: 'bob' }],
      deadlineAt: new Date('2026-11-27T10:00:00Z'),
    });
    expect(approval).toMatchObject({
      state: 'pending',
      revision: 1,
      stages: [{ state: 'open', decisions: [{ person: 'ann', decision: 'approve' }] }, {}],
    });
    expect(asked(approval)).toEqual(['ann', 'bob']);
    expect(asked(approvedBy(approval, 'bob'))).toEqual(['cid']);
  });

  test('while pending asks nobody again', () => {
    const { events, approval } = carryOut(half, resubmit({ textChanged: true }));
    expect(events).toMatchObject([{ type: 'resubmitted', revision: 1, material: false }]);
    expect(approval).toEqual(half);
  });

  test('asks those again to whom the stage was escalated or reassigned', () => {
    const rule = stage(['ann'], { timeout: 'P1D', onTimeout: 'escalate', escalateTo: approvers('eve') });
    const waiting = opened([rule]);
    const deadlineAt = waiting.stages[0]?.deadlineAt;
    if (deadlineAt == null) throw new Error('the stage has a deadline');
    const escalated = carryOut(waiting, { type: 'deadline', stage: 0, revision: 1, deadlineAt }).approval;
    const moved = carryOut(escalated, { type: 'reassign', from: 'ann', to: 'sam' }).approval;
    const again = carryOut(carryOut(moved, decision('eve', 'request_changes')).approval, resubmit({})).approval;
    expect(asked(again).toSorted()).toEqual(['eve', 'sam']);
    expect(again.stages[0]?.escalated).toBe(true);
  });
});

describe('nothing changed', () => {
  test.each<[string, Changes]>([
    ['nothing', {}],
    ['the same amount, written otherwise', { amount: '2000.00' }],
    ['the same chain', { chain: chain(...STAGES) }],
  ])('%s', (_what, changes) => {
    expect(refusalOf(half, resubmit(changes))).toBe('nothing-changed');
    expect(carryOut(returned, resubmit(changes)).events[0]).toMatchObject({ type: 'resubmitted', material: false });
  });
});

test('a closed request cannot be resubmitted', () => {
  expect(refusalOf(carryOut(half, { type: 'withdraw' }).approval, resubmit({ amount: '1' }))).toBe('approval-closed');
});
