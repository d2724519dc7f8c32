import { describe, expect, test } from '@jest/globals';
import {
  type Approval,
  type ApprovalEvent,
  type Candidate,
  type Changes,
  type Command,
  stagesToShow,
  timelineEntry,
} from '../../../src/approvals/rules.ts';
import { absent, approvedBy, AT, carryOut, context, created, decision, facts, opened, stage } from './fixtures.ts';

const lines = (events: readonly ApprovalEvent[]) => events.map(timelineEntry);

describe('timelineEntry', () => {
  test('tells an approval from the first question to the outcome', () => {
    const steps: Command[] = [
      { type: 'open' },
      { type: 'remind', stage: 0, revision: 1 },
      { ...decision('ann'), channel: 'link' },
    ];
    const events: ApprovalEvent[] = [];
    let approval: Approval = created([stage(['ann', 'bob'])]);
    for (const step of steps) {
      const handled = carryOut(approval, step);
      events.push(...handled.events);
      approval = handled.approval;
    }
    expect(lines(events)).toEqual([
      { type: 'stage_opened', stage: 0, detail: 'Asks 2 people; needs 1 approval.' },
      { type: 'reminded', stage: 0, detail: 'Reminded 2 people.' },
      { type: 'decided', stage: 0, person: 'ann', channel: 'link', detail: 'Approved.' },
      null,
      { type: 'approved', detail: 'Approved by its one stage.' },
    ]);
  });

  test('tells a decision in somebody’s place, a request for changes and what was changed', () => {
    const given = context({ facts: facts({ absences: [absent('ann', 'dee')] }) });
    const returned = carryOut(opened([stage(['ann'])], given), decision('dee', 'request_changes'), given);
    expect(lines(returned.events)).toEqual([
      {
        type: 'decided',
        stage: 0,
        person: 'dee',
        channel: 'api',
        detail: 'Asked for changes in place of somebody who is absent.',
      },
      { type: 'changes_requested', stage: 0, person: 'dee', detail: 'Waits for the requester’s changes.' },
    ]);
    const resubmitted = (changes: Changes) =>
      lines(carryOut(returned.approval, { type: 'resubmit', changes }, given).events)[0];
    expect(resubmitted({ contextChanged: true })).toMatchObject({
      type: 'resubmitted',
      detail: expect.stringContaining('revision 2'),
    });
    expect(resubmitted({})).toMatchObject({ type: 'resubmitted', detail: 'Only words have changed: approvals stay.' });
  });

  test('tells a late decision, and that it does not count', () => {
    const { events } = carryOut(approvedBy(opened([stage(['ann', 'bob'])]), 'ann'), decision('bob', 'reject'));
    const detail = 'Rejected, after the request was closed: it does not count.';
    expect(lines(events)).toEqual([{ type: 'late_decision', stage: 0, person: 'bob', channel: 'api', detail }]);
  });

  test('tells an escalation, and a stage that was approved by its timeout', () => {
    const eve: Candidate = {
      person: 'eve',
      reason: { type: 'escalation', because: { type: 'named' } },
      onBehalfOf: null,
    };
    expect(timelineEntry({ type: 'escalated', at: AT, stage: 1, candidates: [eve], deadlineAt: null })).toEqual({
      type: 'escalated',
      stage: 1,
      person: 'eve',
      detail: 'Not answered in time: also asks 1 person.',
    });
    expect(timelineEntry({ type: 'stage_approved', at: AT, stage: 0, by: 'timeout' })).toMatchObject({
      type: 'decided',
      channel: 'system',
    });
  });

  test('tells who has to answer instead, and a stage that is stuck', () => {
    const request = opened([stage(['ann'])]);
    const reassigned = carryOut(request, { type: 'reassign', from: 'ann', to: 'eve' });
    expect(lines(reassigned.events)).toEqual([
      { type: 'reassigned', stage: 0, person: 'eve', detail: 'Asked instead of another approver.' },
    ]);
    const refreshed = carryOut(request, { type: 'refresh' }, context({ facts: facts({ inactive: new Set(['ann']) }) }));
    expect(lines(refreshed.events)).toEqual([
      { type: 'reassigned', stage: 0, person: 'ann', detail: 'No longer asks 1 person.' },
      { type: 'stage_opened', stage: 0, detail: expect.stringContaining('nobody can be asked') },
    ]);
  });
});

describe('stagesToShow', () => {
  test('a waiting stage says who would be asked now', () => {
    const request = approvedBy(opened([stage(['ann', 'bob'], { required: 2 }), stage(['ann', 'cid'])]), 'ann');
    expect(stagesToShow(request, context())).toMatchObject([
      { state: 'open' },
      { state: 'waiting', openedAt: null, required: 1, asked: [{ person: 'cid' }] },
    ]);
  });

  test('other stages are shown as they are', () => {
    const request = approvedBy(opened([stage(['ann'])]), 'ann');
    expect(stagesToShow(request, context())).toEqual(request.stages);
  });
});
