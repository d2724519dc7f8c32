import { describe, expect, test } from '@jest/globals';
import {
  chainProblems,
  describeProblem,
  type OrganizationFacts,
  preview,
  type Problem,
  type StageRule,
} from '../../../src/approvals/rules.ts';
import type { Calendar } from '../../../src/tenancy/rules/business-time.ts';
import { absent, approvers, AT, chain, codes, facts, holder, PARTIES, stage } from './fixtures.ts';

const OFFICE: Calendar = {
  timezone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hours: { from: '09:00', to: '17:00' },
  holidays: [],
};

const problems = (
  stages: StageRule[],
  known: Partial<OrganizationFacts> = {},
  amount: string | null = null,
  calendars = new Map<string, Calendar>(),
) => {
  return chainProblems(chain(...stages), facts(known), PARTIES, amount, AT, calendars);
};

describe('what can never be met', () => {
  test('a chain with people enough has no problem', () => {
    expect(problems([stage(['ann', 'bob']), stage(['bob', 'cid'], { required: 2 })])).toEqual([]);
  });

  test('a stage too small for its quorum is named', () => {
    expect(codes(problems([stage(['ann']), stage(['bob', 'requester'], { required: 2 })]))).toEqual([
      'not-enough-approvers@1',
    ]);
  });

  test('two stages that need the same person compete', () => {
    expect(problems([stage(['ann']), stage(['@vp'])], { holders: [holder('vp', 'ann')] })).toEqual([
      { code: 'stages-compete', stage: 0, stages: [0, 1], required: 2, available: 1 },
    ]);
  });

  test('only the stages that compete are named, others are left in peace', () => {
    const stages = [
      stage(['dan', 'eve']),
      stage(['ann', 'bob']),
      stage(['ann', 'bob'], { required: 2 }),
      stage(['eve']),
    ];
    expect(problems(stages)).toEqual([{ code: 'stages-compete', stage: 1, stages: [1, 2], required: 3, available: 2 }]);
  });

  test('three stages for one person are one problem', () => {
    expect(problems([stage(['ann']), stage(['ann']), stage(['ann'])])).toEqual([
      { code: 'stages-compete', stage: 0, stages: [0, 1, 2], required: 3, available: 1 },
    ]);
  });

  test('competition is found over delegates too', () => {
    expect(
      codes(problems([stage(['ann']), stage(['bob'])], { absences: [absent('ann', 'dee'), absent('bob', 'dee')] })),
    ).toEqual(['stages-compete@0']);
  });

  test('people are handed on where that helps', () => {
    expect(problems([stage(['ann', 'bob', 'cid']), stage(['ann', 'bob']), stage(['ann'])])).toEqual([]);
  });

  test('a chain without a stage', () => {
    expect(problems([])).toEqual([{ code: 'no-stages', stage: null }]);
  });
});

describe('amounts', () => {
  test('a stage that the amount leaves out is checked for nothing', () => {
    const unmeetable = stage(['requester'], { amountAtLeast: '1000', onTimeout: 'escalate' });
    expect(problems([stage(['ann']), unmeetable], {}, '999.99')).toEqual([]);
    expect(codes(problems([stage(['ann']), unmeetable], {}, '1000'))).toEqual([
      'not-enough-approvers@1',
      'escalation-missing@1',
      'timeout-missing@1',
    ]);
  });

  test('a stage that depends on the amount needs one', () => {
    expect(codes(problems([stage(['ann'], { amountAtLeast: '0' })]))).toEqual(['amount-needed@0']);
  });

  test('where all stages are left out nobody has to agree', () => {
    const stages = [stage(['ann'], { amountAtLeast: '1000' }), stage(['bob'], { amountAtLeast: '500.5' })];
    expect(preview(chain(...stages), facts(), PARTIES, '500', AT, new Map())).toMatchObject({
      approvedAtOnce: { code: 'below-lowest-threshold', threshold: '500.50' },
      problems: [],
      stages: [{ state: 'skipped' }, { state: 'skipped' }],
    });
    expect(preview(chain(...stages), facts(), PARTIES, '500.5', AT, new Map()).approvedAtOnce).toBeNull();
  });
});

describe('timeouts', () => {
  test('an escalation needs somebody to escalate to, and a timeout', () => {
    const escalating = { timeout: 'P1D', onTimeout: 'escalate' } as const;
    expect(codes(problems([stage(['ann'], escalating)]))).toEqual(['escalation-missing@0']);
    expect(codes(problems([stage(['ann'], { ...escalating, escalateTo: approvers('requester', '@vp') })]))).toEqual([
      'escalation-unreachable@0',
    ]);
    expect(codes(problems([stage(['ann'], { ...escalating, timeout: null, escalateTo: approvers('bob') })]))).toEqual([
      'timeout-missing@0',
    ]);
    expect(problems([stage(['ann'], { ...escalating, escalateTo: approvers('bob') })])).toEqual([]);
  });

  test('reminders come before the timeout', () => {
    expect(problems([stage(['ann'], { timeout: 'P1D', reminders: ['PT4H', 'PT24H', 'PT25H'] })])).toEqual([
      { code: 'reminder-too-late', stage: 0, reminder: 'PT24H' },
      { code: 'reminder-too-late', stage: 0, reminder: 'PT25H' },
    ]);
    expect(problems([stage(['ann'], { reminders: ['P30D'] })])).toEqual([]);
  });

  test('in a calendar too, where a day can be shorter than ten hours', () => {
    const rule = stage(['ann'], { timeout: 'P1D', calendar: 'office', reminders: ['PT4H', 'PT10H'] });
    expect(problems([rule], {}, null, new Map([['office', OFFICE]]))).toEqual([
      { code: 'reminder-too-late', stage: 0, reminder: 'PT10H' },
    ]);
  });

  test('a calendar has to exist, and to leave working time', () => {
    const rule = stage(['ann'], { timeout: 'PT8760H', calendar: 'office' });
    expect(codes(problems([rule]))).toEqual(['unknown-calendar@0']);
    const sparse = { ...OFFICE, days: ['sun'], hours: { from: '09:00', to: '09:01' } } satisfies Calendar;
    expect(codes(problems([rule], {}, null, new Map([['office', sparse]])))).toEqual(['calendar-too-sparse@0']);
  });
});

test('a preview shows who would be asked, and why', () => {
  const asking = chain(stage(['ann', 'bob'], { required: 'majority' }), stage(['vic'], { amountAtLeast: '1000' }));
  const { stages } = preview(asking, facts({ absences: [absent('ann', 'dee')] }), PARTIES, '10', AT, new Map());
  const unopened = { decisions: [], openedAt: null, deadlineAt: null };
  expect(stages).toMatchObject([
    {
      ...unopened,
      index: 0,
      state: 'waiting',
      required: 2,
      asked: [
        { person: 'dee', onBehalfOf: 'ann' },
        { person: 'bob', reason: { type: 'named' } },
      ],
    },
    { index: 1, state: 'skipped', required: 0, asked: [] },
  ]);
});

describe('describeProblem', () => {
  const none = { parties: 0, inactive: 0, absent: 0, sharedDelegate: 0, decided: 0, vacantRoles: [] };

  test.each<[Problem, string]>([
    [
      { code: 'not-enough-approvers', stage: 0, required: 2, available: 1, leftOut: none },
      'Stage 1 needs 2 approvals, but only 1 person can be asked. Name',
    ],
    [
      {
        code: 'not-enough-approvers',
        stage: 1,
        required: 1,
        available: 0,
        leftOut: { ...none, parties: 1, inactive: 2, absent: 1, vacantRoles: ['compliance_officer'] },
      },
      'Stage 2 needs 1 approval, but nobody can be asked (neither the requester nor whoever made the request may decide on it; ' +
        '2 people can no longer decide; 1 person absent without anybody who may stand in; nobody who may decide holds the role compliance officer).',
    ],
    [
      { code: 'stages-compete', stage: 0, stages: [0, 1, 3], required: 4, available: 2 },
      'Stages 1, 2 and 4 together need 4 people, since one person counts once in a request, but only 2 people can be asked.',
    ],
    [{ code: 'reminder-too-late', stage: 0, reminder: 'P1D' }, 'Stage 1 would remind after P1D'],
    [{ code: 'amount-needed', stage: null }, 'The request depends on the amount'],
    [{ code: 'above-all-authority', stage: null, highest: '10.00' }, 'above 10.00'],
  ])('%j', (problem, words) => {
    expect(describeProblem(problem)).toContain(words);
  });

  test('names nobody', () => {
    const stages = [
      stage(['ann', 'requester'], { required: 3, onTimeout: 'escalate', timeout: 'P1D' }),
      stage(['bob']),
      stage(['bob']),
    ];
    const found = problems(stages, { absences: [absent('ann', 'creator')] });
    expect(found.length).toBeGreaterThan(2);
    expect(found.map(describeProblem).join()).not.toMatch(/\b(ann|bob|creator)\b/);
  });
});
