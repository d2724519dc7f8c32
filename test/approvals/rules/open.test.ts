import { describe, expect, test } from '@jest/globals';
import { handle } from '../../../src/approvals/rules.ts';
import type { Calendar } from '../../../src/tenancy/rules/business-time.ts';
import { absent, AT, carryOut, context, created, facts, opened, stage, stageStates, types } from './fixtures.ts';

const OFFICE: Calendar = {
  timezone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hours: { from: '09:00', to: '17:00' },
  holidays: [],
};

describe('open', () => {
  test('asks the first stage and lets the others wait', () => {
    const first = stage(['ann', 'bob'], { required: 2, timeout: 'P1D', reminders: ['PT4H'] });
    const { events, approval, outcome } = carryOut(created([first, stage(['cid'])]), { type: 'open' });
    expect(outcome).toBe('applied');
    expect(events).toEqual([
      {
        type: 'stage_opened',
        at: AT,
        stage: 0,
        required: 2,
        deadlineAt: new Date('2026-11-24T10:00:00Z'),
        remindAt: [new Date('2026-11-23T14:00:00Z')],
        candidates: [
          { person: 'ann', reason: { type: 'named' }, onBehalfOf: null },
          { person: 'bob', reason: { type: 'named' }, onBehalfOf: null },
        ],
      },
    ]);
    expect(approval).toMatchObject({
      state: 'pending',
      revision: 1,
      stages: [
        { state: 'open', openedAt: AT, required: 2 },
        { state: 'waiting', asked: [], required: 0 },
      ],
    });
  });

  test('skips at once what the amount leaves out, wherever it stands', () => {
    const stages = [
      stage(['ann'], { amountAtLeast: '100' }),
      stage(['bob']),
      stage(['cid'], { amountAtLeast: '99.99' }),
      stage(['dan'], { amountAtLeast: '100.01' }),
    ];
    expect(stageStates(opened(stages, context(), '99.99'))).toEqual(['skipped', 'open', 'waiting', 'skipped']);
  });

  test('approves at once where everything is left out, and says why', () => {
    const { events, approval } = carryOut(created([stage(['ann'], { amountAtLeast: '100' })], '99'), { type: 'open' });
    expect(types(events)).toEqual(['stage_skipped', 'approved']);
    expect(events.at(-1)).toMatchObject({ reason: { code: 'below-lowest-threshold', threshold: '100.00' } });
    expect(approval.state).toBe('approved');
  });

  test('asks a stage that depends on an amount where there is none', () => {
    expect(stageStates(opened([stage(['ann'], { amountAtLeast: '100' })]))).toEqual(['open']);
  });

  test('never approves a request without stages', () => {
    expect(() => handle(created([]), { type: 'open' }, context())).toThrow(
      expect.objectContaining({ code: 'empty-chain' }),
    );
  });

  test('counts in the calendar that the stage names', () => {
    const request = created([stage(['ann'], { timeout: 'P5D', calendar: 'office' })]);
    const withCalendar = context({ calendars: new Map([['office', OFFICE]]) });
    expect(carryOut(request, { type: 'open' }, withCalendar).approval.stages[0]?.deadlineAt).toEqual(
      new Date('2026-11-30T10:00:00Z'),
    );
  });

  test('opens a stage that cannot be met, and says that it is stuck', () => {
    const { events, approval } = carryOut(
      created([stage(['ann'])]),
      { type: 'open' },
      context({ facts: facts({ absences: [absent('ann', 'requester')] }) }),
    );
    expect(types(events)).toEqual(['stage_opened', 'stuck']);
    expect(events.at(-1)).toMatchObject({
      stage: 0,
      problems: [{ code: 'not-enough-approvers', required: 1, available: 0 }],
    });
    expect(stageStates(approval)).toEqual(['open']);
  });

  test('does nothing to a request that was opened before', () => {
    const approval = opened([stage(['ann'])]);
    expect(carryOut(approval, { type: 'open' })).toEqual({ outcome: 'repeated', events: [], approval });
  });
});
