import { describe, expect, test } from '@jest/globals';
import type { Approval, Handled, OrganizationFacts, Quorum } from '../../../src/approvals/rules.ts';
import {
  absent,
  approvedBy,
  approvers,
  asked,
  carryOut,
  context,
  decision,
  facts,
  holder,
  opened,
  stage,
  types,
} from './fixtures.ts';

const holders = (...people: string[]) => people.map((person) => holder('vp', person));
const given = (known: Partial<OrganizationFacts>) => context({ facts: facts(known) });
const vps = (required: Quorum, ...people: string[]) =>
  opened([stage(['@vp'], { required })], given({ holders: holders(...people) }));
const refresh = (approval: Approval, known: Partial<OrganizationFacts>): Handled =>
  carryOut(approval, { type: 'refresh' }, given(known));

describe('refresh', () => {
  test('asks who has come, no longer asks who has gone', () => {
    const { events, approval } = refresh(vps(1, 'ann', 'bob'), { holders: holders('bob', 'cid') });
    expect(events).toMatchObject([
      { type: 'unasked', people: ['ann'] },
      { type: 'asked', candidates: [{ person: 'cid' }] },
    ]);
    expect(asked(approval)).toEqual(['bob', 'cid']);
  });

  test('asks the delegate of who has become absent, and who is back', () => {
    const away = refresh(vps(1, 'ann'), { holders: holders('ann'), absences: [absent('ann', 'dee')] }).approval;
    expect(away.stages[0]?.asked).toMatchObject([{ person: 'dee', onBehalfOf: 'ann' }]);
    expect(asked(refresh(away, { holders: holders('ann') }).approval)).toEqual(['ann']);
  });

  test('changes nothing where nothing has changed, or nobody is asked', () => {
    const request = vps(1, 'ann');
    expect(refresh(request, { holders: holders('ann') })).toEqual({
      outcome: 'repeated',
      events: [],
      approval: request,
    });
    const returned = carryOut(request, decision('ann', 'request_changes')).approval;
    expect(refresh(returned, { holders: holders('bob') }).events).toEqual([]);
    expect(refresh(approvedBy(request, 'ann'), { holders: holders('bob') }).events).toEqual([]);
  });

  test('keeps who has decided, also when they have left', () => {
    const { approval } = refresh(approvedBy(vps(2, 'ann', 'bob'), 'ann'), {
      holders: holders('bob'),
      inactive: new Set(['ann']),
    });
    expect(asked(approval)).toEqual(['ann', 'bob']);
    expect(approvedBy(approval, 'bob').state).toBe('approved');
  });

  test('says so once when the stage can no longer be met', () => {
    const stuck = refresh(vps(2, 'ann', 'bob'), { holders: holders('ann') });
    expect(types(stuck.events)).toEqual(['unasked', 'stuck']);
    expect(stuck.events.at(-1)).toMatchObject({ problems: [{ required: 2, available: 1 }] });
    expect(refresh(stuck.approval, { holders: holders('ann') }).events).toEqual([]);
  });

  test('tells apart being asked for oneself and for somebody else', () => {
    const known = { holders: holders('ann'), absences: [absent('ann', 'dee')] };
    const request = opened([stage(['@vp'])], given(known));
    const { events } = refresh(request, { holders: holders('dee') });
    expect(events).toMatchObject([
      { type: 'unasked', people: ['dee'] },
      { type: 'asked', candidates: [{ person: 'dee', onBehalfOf: null }] },
    ]);
  });
});

describe('a quorum of all', () => {
  test('grows with the stage', () => {
    const { events, approval } = refresh(approvedBy(vps('all', 'ann', 'bob'), 'ann'), {
      holders: holders('ann', 'bob', 'cid'),
    });
    expect(types(events)).toEqual(['asked', 'quorum_raised']);
    expect(approvedBy(approval, 'bob').state).toBe('pending');
    expect(approvedBy(approval, 'bob', 'cid').state).toBe('approved');
  });

  test('counts those who decided and left together with those who came', () => {
    const { approval } = refresh(approvedBy(vps('all', 'ann', 'bob'), 'ann'), { holders: holders('bob', 'cid') });
    expect(approval.stages[0]?.required).toBe(3);
  });

  test('never shrinks: a request does not become easier because somebody is removed', () => {
    const { events, approval } = refresh(approvedBy(vps('all', 'ann', 'bob', 'cid'), 'ann', 'bob'), {
      holders: holders('ann', 'bob'),
    });
    expect(types(events)).toEqual(['unasked', 'stuck']);
    expect(approval).toMatchObject({ state: 'pending', stages: [{ required: 3 }] });
  });

  test('does not count the escalation’s people', () => {
    const known = { holders: holders('ann', 'bob') };
    const request = opened(
      [stage(['@vp'], { required: 'all', timeout: 'P1D', onTimeout: 'escalate', escalateTo: approvers('eve') })],
      given(known),
    );
    const deadlineAt = request.stages[0]?.deadlineAt;
    if (deadlineAt == null) throw new Error('the stage has a deadline');
    const escalated = carryOut(request, { type: 'deadline', stage: 0, revision: 1, deadlineAt }, given(known)).approval;
    expect(refresh(approvedBy(escalated, 'eve'), known).events).toEqual([]);
  });

  test('is not met twice by one seat, whose delegate has decided and whose owner is back', () => {
    const known = { holders: holders('ann', 'bob'), absences: [absent('ann', 'dee')] };
    const request = approvedBy(opened([stage(['@vp'], { required: 'all' })], given(known)), 'dee');
    const back = refresh(request, { holders: holders('ann', 'bob') });
    expect(back.events).toEqual([]);
    expect(asked(back.approval)).toEqual(['dee', 'bob']);
  });
});

describe('a reassignment', () => {
  const known = { holders: holders('ann', 'bob') };
  const moved = carryOut(vps(2, 'ann', 'bob'), { type: 'reassign', from: 'ann', to: 'eve' }, given(known)).approval;

  test('outlives a refresh', () => {
    expect(refresh(moved, known).events).toEqual([]);
  });

  test('holds also when whose seat it was becomes absent, and for a delegate’s seat when its owner is back', () => {
    expect(refresh(moved, { ...known, absences: [absent('ann', 'dee')] }).events).toEqual([]);
    const away = { ...known, absences: [absent('ann', 'dee')] };
    const delegated = opened([stage(['@vp'], { required: 2 })], given(away));
    const movedOn = carryOut(delegated, { type: 'reassign', from: 'dee', to: 'eve' }, given(away)).approval;
    expect(refresh(movedOn, known).events).toEqual([]);
  });

  test('moves on to the delegate of who has taken over', () => {
    const { approval } = refresh(moved, { ...known, absences: [absent('eve', 'dee')] });
    expect(asked(approval)).toEqual(['bob', 'dee']);
    expect(asked(refresh(approval, known).approval)).toEqual(['bob', 'eve']);
  });

  test('falls back to whose seat it was when who has taken over leaves', () => {
    expect(asked(refresh(moved, { ...known, inactive: new Set(['eve']) }).approval)).toEqual(['bob', 'ann']);
  });

  test('can be reassigned again', () => {
    const again = carryOut(moved, { type: 'reassign', from: 'eve', to: 'fay' }, given(known)).approval;
    expect(refresh(again, known).events).toEqual([]);
    expect(again.stages[0]?.asked.at(-1)).toMatchObject({ person: 'fay', reason: { from: 'eve', seat: 'ann' } });
  });

  test('that was decided is not asked of its owner again, though who decided has left', () => {
    const { events } = refresh(approvedBy(moved, 'eve'), { ...known, inactive: new Set(['eve']) });
    expect(events).toEqual([]);
  });
});
