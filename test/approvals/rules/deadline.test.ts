import { describe, expect, test } from '@jest/globals';
import type { Approval, Command } from '../../../src/approvals/rules.ts';
import {
  absent,
  approvedBy,
  approvers,
  asked,
  carryOut,
  context,
  decision,
  facts,
  opened,
  stage,
  stageStates,
  types,
} from './fixtures.ts';

const LATER = context({ at: new Date('2026-11-24T10:00:03Z') });

const runOut = (approval: Approval, index = 0): Command & { type: 'deadline' } => {
  const deadlineAt = approval.stages[index]?.deadlineAt;
  if (deadlineAt == null) throw new Error('the stage has no deadline');
  return { type: 'deadline', stage: index, revision: approval.revision, deadlineAt };
};

describe('a deadline that nobody kept', () => {
  test('rejects the request unless said otherwise', () => {
    const request = opened([stage(['ann'], { timeout: 'P1D' }), stage(['bob'])]);
    const { events, approval } = carryOut(request, runOut(request), LATER);
    expect(types(events)).toEqual(['stage_expired', 'rejected']);
    expect(events.at(-1)).toMatchObject({ reason: { code: 'timeout', stage: 0, escalated: false } });
    expect(stageStates(approval)).toEqual(['expired', 'waiting']);
  });

  test('approves the stage where the chain says so, and the outcome says it too', () => {
    const request = opened([
      stage(['ann', 'cid'], { required: 2, timeout: 'P1D', onTimeout: 'approve' }),
      stage(['bob']),
    ]);
    const { events, approval } = carryOut(approvedBy(request, 'ann'), runOut(request), LATER);
    expect(types(events)).toEqual(['stage_approved', 'stage_opened']);
    expect(events[0]).toMatchObject({ by: 'timeout' });
    expect(carryOut(approval, decision('bob')).events.at(-1)).toMatchObject({
      type: 'approved',
      reason: { code: 'stages-approved', stages: 2, byTimeout: [0] },
    });
  });
});

describe('an escalation', () => {
  const rule = stage(['ann', 'bob'], {
    required: 2,
    timeout: 'P1D',
    onTimeout: 'escalate',
    escalateTo: approvers('bob', 'eve', 'requester', 'fay'),
  });
  const away = context({ ...LATER, facts: facts({ absences: [absent('fay', 'dee')] }) });
  const request = opened([rule]);
  const escalated = carryOut(request, runOut(request), away);

  test('asks more people in addition, delegates included, and gives the timeout once more', () => {
    expect(types(escalated.events)).toEqual(['escalated']);
    expect(escalated.events[0]).toMatchObject({
      deadlineAt: new Date('2026-11-25T10:00:03Z'),
      candidates: [
        { person: 'eve', reason: { type: 'escalation', because: { type: 'named' } } },
        { person: 'dee', onBehalfOf: 'fay' },
      ],
    });
    expect(asked(escalated.approval)).toEqual(['ann', 'bob', 'eve', 'dee']);
    expect(escalated.approval.stages[0]).toMatchObject({ state: 'open', escalated: true, required: 2 });
  });

  test('leaves the decision to those who were asked before as well', () => {
    expect(approvedBy(escalated.approval, 'ann', 'dee').state).toBe('approved');
  });

  test('happens once: the second time the request is rejected', () => {
    const { events } = carryOut(
      escalated.approval,
      runOut(escalated.approval),
      context({ at: new Date('2026-11-25T10:00:04Z') }),
    );
    expect(types(events)).toEqual(['stage_expired', 'rejected']);
    expect(events.at(-1)).toMatchObject({ reason: { code: 'timeout', escalated: true } });
  });

  test('told twice happens once', () => {
    expect(carryOut(escalated.approval, runOut(request), away)).toEqual({
      outcome: 'repeated',
      events: [],
      approval: escalated.approval,
    });
  });

  test('to nobody new says that it is stuck', () => {
    const lonely = opened([stage(['ann'], { timeout: 'P1D', onTimeout: 'escalate', escalateTo: approvers('ann') })]);
    const { events, approval } = carryOut(lonely, runOut(lonely), LATER);
    expect(types(events)).toEqual(['escalated', 'stuck']);
    expect(events.at(-1)).toMatchObject({ problems: [{ code: 'escalation-unreachable', stage: 0 }] });
    expect(approvedBy(approval, 'ann').state).toBe('approved');
  });
});

describe('a deadline or reminder that is no longer due does nothing:', () => {
  const request = opened([stage(['ann'], { timeout: 'P1D' }), stage(['bob'], { timeout: 'P1D' })]);
  const next = approvedBy(request, 'ann');
  const command = runOut(request);

  test.each<[string, Approval, Command]>([
    ['the stage is closed', next, command],
    ['the stage still waits', request, { ...command, stage: 1 }],
    ['the revision is another', request, { ...command, revision: 2 }],
    [
      'the stage has another deadline by now',
      request,
      { ...command, deadlineAt: new Date(command.deadlineAt.getTime() - 1) },
    ],
    ['changes are being made', carryOut(request, decision('ann', 'request_changes')).approval, command],
    ['the request is closed', carryOut(request, { type: 'withdraw' }).approval, command],
    ['the reminder’s stage is closed', next, { type: 'remind', stage: 0, revision: 1 }],
    ['the reminder’s revision is another', request, { type: 'remind', stage: 0, revision: 3 }],
  ])('%s', (_why, approval, late) => {
    expect(carryOut(approval, late, LATER)).toEqual({ outcome: 'repeated', events: [], approval });
  });
});

test('a reminder goes to those who have not answered', () => {
  const request = approvedBy(opened([stage(['ann', 'bob', 'cid'], { required: 3 })]), 'bob');
  expect(carryOut(request, { type: 'remind', stage: 0, revision: 1 }, LATER).events).toEqual([
    { type: 'reminded', at: LATER.at, stage: 0, people: ['ann', 'cid'] },
  ]);
});
