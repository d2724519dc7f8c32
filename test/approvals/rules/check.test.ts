import { describe, expect, test } from '@jest/globals';
import { checkDecision, type ControlSnapshot } from '../../../src/approvals/rules.ts';

const OPEN: ControlSnapshot = {
  state: 'pending',
  revision: 2,
  closed: false,
  asked: ['ann', 'bob'],
  decided: { eve: 'approve' },
  requester: 'req',
  creator: 'maker',
};
const CLOSED: ControlSnapshot = { ...OPEN, state: 'rejected', closed: true };
const RETURNED: ControlSnapshot = { ...OPEN, state: 'changes_requested' };

describe('checkDecision', () => {
  test.each<[string, ControlSnapshot, string, 'approve' | 'reject', number | undefined, string]>([
    ['who is asked may decide', OPEN, 'ann', 'approve', undefined, 'accept'],
    ['in the revision they saw', OPEN, 'ann', 'reject', 2, 'accept'],
    ['the same decision again is a repetition', OPEN, 'eve', 'approve', undefined, 'repeat'],
    ['also on a closed request', CLOSED, 'eve', 'approve', undefined, 'repeat'],
    ['also with an old revision', OPEN, 'eve', 'approve', 1, 'repeat'],
    ['another decision is one too many', OPEN, 'eve', 'reject', undefined, 'already-decided'],
    ['also on a closed request', CLOSED, 'eve', 'reject', undefined, 'already-decided'],
    ['the requester never decides', { ...OPEN, asked: ['req'] }, 'req', 'approve', undefined, 'separation-of-duties'],
    ['nor who made the request', OPEN, 'maker', 'approve', 1, 'separation-of-duties'],
    ['nor later', CLOSED, 'req', 'approve', undefined, 'separation-of-duties'],
    ['an old revision is told before anything about the stage', OPEN, 'ann', 'approve', 1, 'stale-revision'],
    ['also to who is not asked', OPEN, 'sam', 'approve', 3, 'stale-revision'],
    ['who is not asked may not decide', OPEN, 'sam', 'approve', 2, 'not-an-approver'],
    ['nor on a closed request', CLOSED, 'sam', 'approve', undefined, 'not-an-approver'],
    ['who was asked is late on a closed request', CLOSED, 'ann', 'approve', undefined, 'approval-closed'],
    ['and has to wait while changes are made', RETURNED, 'ann', 'approve', undefined, 'approval-closed'],
    ['as has nobody else', RETURNED, 'sam', 'approve', undefined, 'not-an-approver'],
  ])('%s', (_what, snapshot, person, decision, revision, expected) => {
    expect(checkDecision(snapshot, { person, decision, revision })).toBe(expected);
  });

  test('does not mistake what every object inherits for a decision', () => {
    expect(checkDecision({ ...OPEN, asked: ['constructor'] }, { person: 'constructor', decision: 'approve' })).toBe(
      'accept',
    );
  });

  test('survives being sent as JSON', () => {
    expect(
      checkDecision(JSON.parse(JSON.stringify(OPEN)) as ControlSnapshot, { person: 'ann', decision: 'approve' }),
    ).toBe('accept');
  });
});
