import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Approval, type Command, handle, isClosed, type StageRule } from '../../../src/approvals/rules.ts';
import type { Calendar } from '../../../src/tenancy/rules/business-time.ts';
import {
  approvedBy,
  approvers,
  carryOut,
  codes,
  context,
  created,
  decision,
  opened,
  stage,
  stageStates,
  types,
} from './fixtures.ts';

const OFFICE: Calendar = {
  timezone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hours: { from: '09:00', to: '17:00' },
  holidays: [],
};
/** One minute a week: forty hours of it are 46 years. */
const SPARSE: Calendar = { ...OFFICE, days: ['mon'], hours: { from: '09:00', to: '09:01' } };
const INVALID: Calendar = { ...OFFICE, timezone: 'Nowhere/At_All' };

const given = (calendar: Calendar | null) =>
  context({ calendars: new Map(calendar === null ? [] : [['office', calendar]]) });
const stuckOf = (events: ReturnType<typeof carryOut>['events']) =>
  events.flatMap((event) => (event.type === 'stuck' ? codes(event.problems) : []));

describe.each<[string, Calendar | null, string]>([
  ['leaves too little time', SPARSE, 'calendar-too-sparse'],
  ['is gone', null, 'unknown-calendar'],
  ['is not understood', INVALID, 'unknown-calendar'],
])('a calendar that %s', (_what, calendar, code) => {
  const timed = stage(['bob'], { timeout: 'PT40H', calendar: 'office' });

  test('opens the next stage without a deadline, and says that it is stuck', () => {
    const { events, approval } = carryOut(opened([stage(['ann']), timed]), decision('ann'), given(calendar));
    expect(types(events)).toEqual(['decided', 'stage_approved', 'stage_opened', 'stuck']);
    expect(stuckOf(events)).toEqual([`${code}@1`]);
    expect(approval.stages[1]).toMatchObject({ state: 'open', deadlineAt: null, asked: [{ person: 'bob' }] });
    expect(approvedBy(approval, 'bob').state).toBe('approved');
    expect(carryOut(approval, { type: 'withdraw' }).approval.state).toBe('withdrawn');
  });

  test('gives an escalated stage no second deadline, and says so', () => {
    const rule = stage(['ann'], {
      timeout: 'PT40H',
      calendar: 'office',
      onTimeout: 'escalate',
      escalateTo: approvers('eve'),
    });
    const request = opened([rule], given(OFFICE));
    const deadlineAt = request.stages[0]?.deadlineAt;
    if (deadlineAt == null) throw new Error('the stage has a deadline');
    const { events, approval } = carryOut(
      request,
      { type: 'deadline', stage: 0, revision: 1, deadlineAt },
      given(calendar),
    );
    expect(types(events)).toEqual(['escalated', 'stuck']);
    expect(stuckOf(events)).toEqual([`${code}@0`]);
    expect(approval.stages[0]).toMatchObject({ state: 'open', escalated: true, deadlineAt: null });
    expect(approvedBy(approval, 'eve').state).toBe('approved');
  });

  test('opens a stage that is asked again after changes', () => {
    const returned = carryOut(opened([timed], given(OFFICE)), decision('bob', 'request_changes')).approval;
    for (const contextChanged of [true, false]) {
      const { events, approval } = carryOut(
        returned,
        { type: 'resubmit', changes: { contextChanged } },
        given(calendar),
      );
      expect(types(events)).toEqual(['resubmitted', 'stage_opened', 'stuck']);
      expect(stageStates(approval)).toEqual(['open']);
    }
  });
});

test('the reminders that can be counted come also where the deadline cannot', () => {
  const request = created([stage(['ann'], { timeout: 'PT40H', calendar: 'office', reminders: ['PT30S', 'PT39H'] })]);
  const { events } = carryOut(request, { type: 'open' }, given(SPARSE));
  expect(events[0]).toMatchObject({
    type: 'stage_opened',
    deadlineAt: null,
    remindAt: [new Date('2026-11-30T08:00:30Z')],
  });
  expect(stuckOf(events)).toEqual(['calendar-too-sparse@0']);
});

test('whatever becomes of its calendar, nothing about a request throws, and it can always be withdrawn', () => {
  const calendars = fc.constantFrom<Calendar | null>(OFFICE, SPARSE, INVALID, null);
  const rule = fc
    .record({
      timeout: fc.constantFrom(null, 'PT40H', 'P2D'),
      onTimeout: fc.constantFrom('reject', 'escalate', 'approve'),
      reminders: fc.constantFrom([], ['PT1H'], ['PT39H']),
    })
    .map((times): StageRule => stage(['ann', 'bob'], { ...times, calendar: 'office', escalateTo: approvers('eve') }));
  const commands = fc.constantFrom<(approval: Approval) => Command>(
    () => decision('ann'),
    () => decision('bob', 'request_changes'),
    () => ({ type: 'resubmit', changes: { contextChanged: true } }),
    () => ({ type: 'refresh' }),
    ({ revision, stages }) => {
      const open = stages.find((each) => each.state === 'open');
      return { type: 'deadline', stage: open?.index ?? 0, revision, deadlineAt: open?.deadlineAt ?? new Date(0) };
    },
  );
  let stuck = 0;
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(commands, calendars), { maxLength: 8 }),
      calendars,
      (rules, steps, first) => {
        let approval = opened(rules, given(first));
        for (const [commandFor, calendar] of steps) {
          const handled = handle(approval, commandFor(approval), given(calendar));
          if ('refusal' in handled) continue;
          approval = handled.approval;
          stuck += stuckOf(handled.events).length;
          const open = approval.stages.find((each) => each.state === 'open');
          const opening = handled.events.some((event) => event.type === 'stage_opened' || event.type === 'escalated');
          const unlimited = opening && open !== undefined && open.rule.timeout !== null && open.deadlineAt === null;
          if (unlimited) expect(types(handled.events)).toContain('stuck');
        }
        if (!isClosed(approval.state))
          expect(carryOut(approval, { type: 'withdraw' }, given(null)).approval.state).toBe('withdrawn');
      },
    ),
    { numRuns: 200 },
  );
  expect(stuck).toBeGreaterThan(20);
});
