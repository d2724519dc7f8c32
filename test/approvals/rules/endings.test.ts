import { describe, expect, test } from '@jest/globals';
import { describeOutcome, isApprovedByPeople, type OutcomeReason } from '../../../src/approvals/rules.ts';
import { approvedBy, carryOut, context, decision, opened, refusalOf, stage, stageStates, types } from './fixtures.ts';

const pending = opened([stage(['ann']), stage(['bob'], { timeout: 'P1D' }), stage(['cid'])]);
const half = approvedBy(pending, 'ann');
const returned = carryOut(half, decision('bob', 'request_changes')).approval;

describe.each([
  ['pending', half],
  ['waiting for changes', returned],
])('a request that is %s', (_state, approval) => {
  test('can be withdrawn: the open stage is not needed any more', () => {
    const withdrawn = carryOut(approval, { type: 'withdraw' });
    expect(types(withdrawn.events)).toEqual(['stage_skipped', 'withdrawn']);
    expect(withdrawn.approval.state).toBe('withdrawn');
    expect(stageStates(withdrawn.approval)).toEqual(['approved', 'skipped', 'waiting']);
    expect(carryOut(withdrawn.approval, { type: 'withdraw' })).toMatchObject({ outcome: 'repeated', events: [] });
  });

  test('can expire, and the open stage with it', () => {
    const expired = carryOut(approval, { type: 'expire' });
    expect(types(expired.events)).toEqual(['stage_expired', 'expired']);
    expect(expired.approval.state).toBe('expired');
    expect(stageStates(expired.approval)).toEqual(['approved', 'expired', 'waiting']);
    expect(carryOut(expired.approval, { type: 'expire' })).toMatchObject({ outcome: 'repeated', events: [] });
  });
});

test('a closed request can neither be withdrawn nor expire', () => {
  const approved = approvedBy(half, 'bob', 'cid');
  expect(approved.state).toBe('approved');
  expect(refusalOf(approved, { type: 'withdraw' })).toBe('approval-closed');
  expect(carryOut(approved, { type: 'expire' })).toEqual({ outcome: 'repeated', events: [], approval: approved });
});

test.each<[OutcomeReason, string]>([
  [
    { code: 'below-lowest-threshold', threshold: '500.00' },
    'Approved at once: the amount is below 500.00, from which on somebody has to agree.',
  ],
  [{ code: 'stages-approved', stages: 1, byTimeout: [] }, 'Approved by its one stage.'],
  [{ code: 'stages-approved', stages: 3, byTimeout: [] }, 'Approved by all 3 stages.'],
  [
    { code: 'stages-approved', stages: 3, byTimeout: [0, 2] },
    'Approved by all 3 stages; nobody answered stages 1 and 3 in time, which approves them by the chain’s rule.',
  ],
  [
    { code: 'stages-approved', stages: 1, byTimeout: [0] },
    'Approved by its one stage; nobody answered stage 1 in time, which approves it by the chain’s rule.',
  ],
  [{ code: 'rejected-by-approver', stage: 1 }, 'Rejected by an approver of stage 2.'],
  [{ code: 'timeout', stage: 0, escalated: false }, 'Rejected: stage 1 was not answered in time.'],
  [
    { code: 'timeout', stage: 0, escalated: true },
    'Rejected: stage 1 was not answered in time, and neither was its escalation.',
  ],
  [{ code: 'withdrawn' }, 'Withdrawn before it was decided.'],
  [{ code: 'expired' }, 'Expired before it was decided.'],
])('describeOutcome says %j in words', (reason, words) => {
  expect(describeOutcome(reason)).toBe(words);
});

describe('a request is approved by people', () => {
  const chainOfTwo = [stage(['ann']), stage(['bob'], { amountAtLeast: '500' })];

  test('where somebody has approved each stage that was asked', () => {
    expect(isApprovedByPeople(approvedBy(opened(chainOfTwo, context(), '100'), 'ann'))).toBe(true);
    expect(isApprovedByPeople(approvedBy(opened(chainOfTwo, context(), '500'), 'ann', 'bob'))).toBe(true);
  });

  test('and not while a stage is left, nor where it ended otherwise', () => {
    const begun = approvedBy(opened(chainOfTwo, context(), '500'), 'ann');
    expect(isApprovedByPeople(begun)).toBe(false);
    expect(isApprovedByPeople(carryOut(begun, { type: 'withdraw' }).approval)).toBe(false);
    expect(isApprovedByPeople(carryOut(begun, decision('bob', 'reject')).approval)).toBe(false);
  });

  test('and not where nobody was asked, or nobody answered', () => {
    const small = opened([stage(['ann'], { amountAtLeast: '500' })], context(), '100');
    expect(small.state).toBe('approved');
    expect(isApprovedByPeople(small)).toBe(false);
    const silent = opened([stage(['ann'], { timeout: 'PT1H', onTimeout: 'approve' })]);
    const { deadlineAt } = silent.stages[0]!;
    const late = carryOut(
      silent,
      { type: 'deadline', stage: 0, revision: 1, deadlineAt: deadlineAt! },
      context({ at: deadlineAt! }),
    ).approval;
    expect(late.state).toBe('approved');
    expect(isApprovedByPeople(late)).toBe(false);
  });
});
