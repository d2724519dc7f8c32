import { describe, expect, test } from '@jest/globals';
import {
  absent,
  approvedBy,
  asked,
  AT,
  carryOut,
  context,
  decision,
  facts,
  holder,
  opened,
  refusalOf,
  stage,
  stageStates,
  types,
} from './fixtures.ts';

describe('approving', () => {
  test('the quorum closes the stage and the next one opens, without those who have decided', () => {
    const first = opened([stage(['ann', 'bob', 'cid'], { required: 2 }), stage(['ann', 'bob', 'dan'])]);
    expect(types(carryOut(first, decision('ann')).events)).toEqual(['decided']);
    const { events, approval } = carryOut(approvedBy(first, 'ann'), decision('bob'));
    expect(types(events)).toEqual(['decided', 'stage_approved', 'stage_opened']);
    expect(stageStates(approval)).toEqual(['approved', 'open']);
    expect(asked(approval)).toEqual(['dan']);
    expect(asked(approval, 0)).toEqual(['ann', 'bob', 'cid']);
  });

  test('the last stage approves the request', () => {
    const { events, approval, outcome } = carryOut(approvedBy(opened([stage(['ann']), stage(['bob'])]), 'ann'), {
      ...decision('bob'),
      channel: 'link',
    });
    expect(outcome).toBe('applied');
    expect(types(events)).toEqual(['decided', 'stage_approved', 'approved']);
    expect(events.at(-1)).toEqual({
      type: 'approved',
      at: AT,
      reason: { code: 'stages-approved', stages: 2, byTimeout: [] },
    });
    expect(approval.stages[1]?.decisions).toEqual([
      { person: 'bob', decision: 'approve', at: AT, channel: 'link', onBehalfOf: null },
    ]);
  });

  test('a delegate’s decision says on whose behalf', () => {
    const given = context({ facts: facts({ absences: [absent('ann', 'dee')] }) });
    const { events } = carryOut(opened([stage(['ann'])], given), decision('dee'), given);
    expect(events[0]).toMatchObject({ type: 'decided', person: 'dee', onBehalfOf: 'ann' });
  });

  test('a stage that needs somebody who has decided already opens stuck', () => {
    const { events } = carryOut(opened([stage(['ann', 'bob']), stage(['ann'])]), decision('ann'));
    expect(types(events)).toEqual(['decided', 'stage_approved', 'stage_opened', 'stuck']);
    expect(events.at(-1)).toMatchObject({ problems: [{ required: 1, available: 0, leftOut: { decided: 1 } }] });
  });

  test('roles are resolved when their stage opens, not before', () => {
    const request = opened(
      [stage(['ann']), stage(['@vp'])],
      context({ facts: facts({ holders: [holder('vp', 'old')] }) }),
    );
    const { approval } = carryOut(
      request,
      decision('ann'),
      context({ facts: facts({ holders: [holder('vp', 'new')] }) }),
    );
    expect(asked(approval)).toEqual(['new']);
  });
});

describe('rejecting', () => {
  test('one rejection ends the request; what waited still waits', () => {
    const { events, approval } = carryOut(
      approvedBy(opened([stage(['ann', 'bob', 'cid'], { required: 2 }), stage(['dan'])]), 'ann'),
      decision('bob', 'reject'),
    );
    expect(types(events)).toEqual(['decided', 'stage_rejected', 'rejected']);
    expect(events.at(-1)).toMatchObject({ reason: { code: 'rejected-by-approver', stage: 0 } });
    expect(approval.state).toBe('rejected');
    expect(stageStates(approval)).toEqual(['rejected', 'waiting']);
  });
});

describe('asking for changes', () => {
  const returned = carryOut(
    opened([stage(['ann', 'bob'], { required: 2, timeout: 'P1D' })]),
    decision('ann', 'request_changes'),
  );

  test('hands the request back and stops the clock', () => {
    expect(types(returned.events)).toEqual(['decided', 'changes_requested']);
    expect(returned.approval).toMatchObject({
      state: 'changes_requested',
      stages: [{ state: 'open', deadlineAt: null }],
    });
  });

  test('the others have to wait, and the same decision again is a repetition', () => {
    expect(refusalOf(returned.approval, decision('bob'))).toBe('approval-closed');
    expect(refusalOf(returned.approval, decision('ann'))).toBe('already-decided');
    expect(carryOut(returned.approval, decision('ann', 'request_changes')).outcome).toBe('repeated');
  });
});

describe('decisions that do not count', () => {
  const closed = approvedBy(opened([stage(['ann', 'bob'])]), 'ann');

  test('one that comes after the end is recorded as late and changes nothing', () => {
    const { outcome, events, approval } = carryOut(closed, decision('bob', 'reject'));
    expect(outcome).toBe('late');
    expect(events).toEqual([
      { type: 'late_decision', at: AT, stage: 0, person: 'bob', decision: 'reject', channel: 'api', onBehalfOf: null },
    ]);
    expect(approval).toEqual(closed);
  });

  test('the same one again is answered like the first, another one is refused', () => {
    expect(carryOut(closed, decision('ann'))).toEqual({ outcome: 'repeated', events: [], approval: closed });
    expect(refusalOf(closed, decision('ann', 'reject'))).toBe('already-decided');
  });

  test('who is not asked in the open stage may not decide, though asked before', () => {
    const second = approvedBy(opened([stage(['ann', 'bob']), stage(['cid'])]), 'ann');
    expect(refusalOf(second, decision('bob'))).toBe('not-an-approver');
    expect(refusalOf(second, decision('sam'))).toBe('not-an-approver');
    expect(refusalOf(closed, decision('sam'))).toBe('not-an-approver');
  });

  test('requester and creator are refused whatever else holds', () => {
    expect(refusalOf(closed, decision('requester'))).toBe('separation-of-duties');
    expect(refusalOf(opened([stage(['ann', 'creator'])]), decision('creator'))).toBe('separation-of-duties');
  });

  test('a decision about another revision is refused', () => {
    expect(refusalOf(opened([stage(['ann'])]), { ...decision('ann'), revision: 2 })).toBe('stale-revision');
  });

  test('somebody who has left may not use an old link', () => {
    expect(
      refusalOf(
        opened([stage(['ann', 'bob'])]),
        decision('ann'),
        context({ facts: facts({ inactive: new Set(['ann']) }) }),
      ),
    ).toBe('not-an-approver');
  });
});
