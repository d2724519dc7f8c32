import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../../src/approvals/rules.ts';
import {
  absent,
  approvedBy,
  approvers,
  asked,
  AT,
  carryOut,
  context,
  decision,
  facts,
  opened,
  refusalOf,
  stage,
  types,
} from './fixtures.ts';

const move = (from: string, to: string, index?: number): Command => ({ type: 'reassign', from, to, stage: index });

describe('reassign', () => {
  const request = opened([stage(['ann', 'bob', 'cid'], { required: 2 }), stage(['dan'])]);

  test('asks somebody else instead', () => {
    const { events, approval } = carryOut(request, move('ann', 'eve', 0));
    expect(events).toEqual([
      {
        type: 'reassigned',
        at: AT,
        stage: 0,
        from: 'ann',
        to: {
          person: 'eve',
          reason: { type: 'reassigned', from: 'ann', seat: 'ann', because: { type: 'named' } },
          onBehalfOf: null,
        },
      },
    ]);
    expect(asked(approval)).toEqual(['bob', 'cid', 'eve']);
    expect(refusalOf(approval, decision('ann'))).toBe('not-an-approver');
    expect(approvedBy(approval, 'eve', 'bob').stages[0]?.state).toBe('approved');
  });

  test('asks the delegate of somebody who is absent', () => {
    const given = context({ facts: facts({ absences: [absent('eve', 'dee')] }) });
    expect(carryOut(request, move('ann', 'eve'), given).events).toMatchObject([
      { to: { person: 'dee', onBehalfOf: 'eve' } },
    ]);
    expect(
      refusalOf(request, move('ann', 'eve'), context({ facts: facts({ absences: [absent('eve', 'bob')] }) })),
    ).toBe('already-asked');
  });

  test('told twice happens once', () => {
    const { approval } = carryOut(request, move('ann', 'eve'));
    expect(carryOut(approval, move('ann', 'eve'))).toEqual({ outcome: 'repeated', events: [], approval });
  });

  test.each<[string, Command, string]>([
    ['to the requester', move('ann', 'requester'), 'separation-of-duties'],
    ['to who made the request', move('ann', 'creator'), 'separation-of-duties'],
    ['to somebody who is asked', move('ann', 'bob'), 'already-asked'],
    ['from somebody who is not asked', move('sam', 'eve'), 'not-asked'],
    ['in a stage that is not open', move('dan', 'eve', 1), 'stage-not-open'],
  ])('is refused %s', (_what, command, refusal) => {
    expect(refusalOf(request, command)).toBe(refusal);
  });

  test('is refused to somebody who cannot be asked', () => {
    expect(refusalOf(request, move('ann', 'eve'), context({ facts: facts({ inactive: new Set(['eve']) }) }))).toBe(
      'not-available',
    );
    expect(
      refusalOf(request, move('ann', 'eve'), context({ facts: facts({ absences: [absent('eve', 'requester')] }) })),
    ).toBe('not-available');
  });

  test('is refused from somebody who has decided, and to somebody who has', () => {
    const half = approvedBy(request, 'ann');
    expect(refusalOf(half, move('ann', 'eve'))).toBe('not-asked');
    const second = approvedBy(half, 'bob');
    expect(refusalOf(second, move('dan', 'ann'))).toBe('already-asked');
  });

  test('is refused while nobody is asked', () => {
    expect(refusalOf(carryOut(request, { type: 'withdraw' }).approval, move('ann', 'eve'))).toBe('approval-closed');
    expect(refusalOf(carryOut(request, decision('ann', 'request_changes')).approval, move('bob', 'eve'))).toBe(
      'approval-closed',
    );
  });
});

describe('a stage that cannot be met', () => {
  const stuck = approvedBy(opened([stage(['ann', 'bob']), stage(['ann', 'cid'], { required: 2 })]), 'ann');

  test('is filled by reassigning the part of somebody who is not asked', () => {
    const { events, approval } = carryOut(stuck, move('ann', 'eve'));
    expect(types(events)).toEqual(['reassigned']);
    expect(asked(approval)).toEqual(['cid', 'eve']);
    expect(approvedBy(approval, 'eve', 'cid').state).toBe('approved');
  });

  test('is filled no further than it needs', () => {
    const { approval } = carryOut(stuck, move('ann', 'eve'));
    expect(refusalOf(approval, move('sam', 'fay'))).toBe('not-asked');
  });

  test('takes a seat only from whoever had one in it: by the rules, in somebody’s place, or before it was resolved again', () => {
    const gone = context({ facts: facts({ inactive: new Set(['bob']), absences: [absent('cid', 'dee')] }) });
    const lacking = opened([stage(['ann', 'bob', 'cid'], { required: 3 })], gone);
    expect(asked(lacking)).toEqual(['ann', 'dee']);
    expect(asked(carryOut(lacking, move('bob', 'eve'), gone).approval)).toEqual(['ann', 'dee', 'eve']);
    expect(refusalOf(lacking, move('sam', 'eve'), gone)).toBe('not-asked');
    expect(carryOut(lacking, { type: 'reassign', from: 'sam', to: 'eve', wasAsked: true }, gone).outcome).toBe(
      'applied',
    );
  });

  test('takes no seat from those to whom it has not escalated', () => {
    const gone = context({ facts: facts({ inactive: new Set(['bob']) }) });
    const lacking = opened(
      [stage(['ann', 'bob'], { required: 2, timeout: 'P1D', onTimeout: 'escalate', escalateTo: approvers('sam') })],
      gone,
    );
    expect(refusalOf(lacking, move('sam', 'eve'), gone)).toBe('not-asked');
  });
});
